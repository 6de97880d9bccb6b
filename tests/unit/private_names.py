"""The private names of Twisted and h2 that the HTTP server rests on: whose they are, and how they are used.

None of them is promised by its project. What is used and does not stand here, test_private_names.py finds.
"""

from __future__ import annotations

from typing import Any

import h2.connection
import h2.frame_buffer
import h2.stream
import h2.windows
import hpack
from hpack.table import HeaderTable
from klein.resource import KleinResource
from twisted.protocols import basic, policies, tls
from twisted.web import _http2, http, server

H2, Stream, HTTP1, ALPN = _http2.H2Connection, _http2.H2Stream, http.HTTPChannel, http._GenericHTTPChannelProtocol
Chunked = http._ChunkedTransferDecoder
Core, CoreStream = h2.connection.H2Connection, h2.stream.H2Stream
FrameBuffer = h2.frame_buffer.FrameBuffer

PARAMETERS: tuple[tuple[Any, str, str], ...] = (
    (H2, "__init__", "reactor"),
    (H2, "connectionLost", "reason _cancelTimeouts"),
    (H2, "_requestReceived", "event"),
    (H2, "_requestDataReceived", "event"),
    (H2, "_requestEnded", "event"),
    (H2, "_requestAborted", "event"),
    (H2, "_handleWindowUpdate", "event"),
    (H2, "_requestDone", "streamID"),
    (H2, "_send100Continue", "streamID"),
    (H2, "abortRequest", "streamID"),
    (H2, "endRequest", "streamID"),
    (H2, "writeHeaders", "version code reason headers streamID"),
    (H2, "writeDataToStream", "streamID data"),
    (H2, "remainingOutboundWindow", "streamID"),
    (H2, "openStreamWindow", "streamID increment"),
    (Stream, "__init__", "streamID connection headers requestFactory site factory"),
    (Stream, "receiveDataChunk", "data flowControlledLength"),
    (Stream, "requestComplete", ""),
    (Stream, "connectionLost", "reason"),
    (Stream, "windowUpdated", ""),
    (Stream, "flowControlBlocked", ""),
    (Stream, "writeHeaders", "version code reason headers"),
    (HTTP1, "__init__", ""),
    (HTTP1, "allHeadersReceived", ""),
    (HTTP1, "_send100Continue", ""),
    (HTTP1, "_maybeChooseTransferDecoder", "header data"),
    (HTTP1, "_failChooseTransferDecoder", ""),
    (HTTP1, "_respondToBadRequestAndDisconnect", ""),
    (HTTP1, "allContentReceived", ""),
    (HTTP1, "lineLengthExceeded", "line"),
    (HTTP1, "registerProducer", "producer streaming"),
    (HTTP1, "rawDataReceived", "data"),
    (HTTP1, "writeHeaders", "version code reason headers"),
    (HTTP1, "requestDone", "request"),
    (Chunked, "_dataReceived_TRAILER", ""),
    (ALPN, "__init__", "original"),
    (ALPN, "dataReceived", "data"),
    (http.Request, "gotLength", "length"),
    (server.Request, "_handleStar", ""),
    (http.Request, "handleContentChunk", "data"),
    (http.Request, "requestReceived", "command path version"),
    (http.Request, "connectionLost", "reason"),
    (http.Request, "parseCookies", ""),
    (http.Request, "_cleanup", ""),
    (KleinResource, "render", "request"),
    (Core, "_receive_headers_frame", "frame"),
    (Core, "_receive_goaway_frame", "frame"),
    (Core, "_receive_data_frame", "frame"),
    (Core, "_stream_closed_by", "stream_id"),
    (Core, "reset_stream", "stream_id error_code"),
    (hpack.Decoder, "decode", "data raw"),
    (hpack.Decoder, "_assert_valid_table_size", ""),
    (hpack.Encoder, "encode", "headers huffman"),
    (HeaderTable, "add", "name value"),
    (HeaderTable, "get_by_index", "index"),
    (Core, "_prepare_for_sending", "frames"),
    (Core, "_receive_frame", "frame"),
    (FrameBuffer, "_validate_frame_length", "length"),
    (Core, "_terminate_connection", "error_code"),
    (h2.windows.WindowManager, "window_consumed", "size"),
    (CoreStream, "_track_content_length", "length end_stream"),
    (CoreStream, "acknowledge_received_data", "acknowledged_size"),
    (h2.windows.WindowManager, "process_bytes", "size"),
    (tls.TLSMemoryBIOProtocol, "_write", "bytes"),
    (tls.TLSMemoryBIOProtocol, "_bufferedWrite", "octets"),
    (tls.TLSMemoryBIOProtocol, "_tlsShutdownFinished", "reason"),
    (tls.TLSMemoryBIOProtocol, "_flushSendBIO", ""),
    (tls.TLSMemoryBIOProtocol, "_flushReceiveBIO", ""),
    (tls.TLSMemoryBIOProtocol, "_shutdownTLS", ""),
)
"""Methods that are called, overridden or replaced, with the parameters behind ``self``."""

CALLS: tuple[tuple[Any, str, str], ...] = (
    (Stream, "flowControlBlocked", "_producerProducing"),
    (Stream, "windowUpdated", "_producerProducing"),
    (Stream, "windowUpdated", "remainingOutboundWindow"),
    (Stream, "requestDone", "endRequest"),
    (Stream, "loseConnection", "endRequest"),
    (Stream, "abortConnection", "abortRequest"),
    (Stream, "write", "writeDataToStream"),
    (HTTP1, "headerReceived", "_maybeChooseTransferDecoder"),
    (Chunked, "_dataReceived_TRAILER", "_MalformedChunkedDataError"),
    (HTTP1, "rawDataReceived", "_MalformedChunkedDataError"),
    (HTTP1, "allHeadersReceived", "_send100Continue"),
    (HTTP1, "headerReceived", "_respondToBadRequestAndDisconnect"),
    (HTTP1, "rawDataReceived", "_respondToBadRequestAndDisconnect"),
    (HTTP1, "_failChooseTransferDecoder", "_respondToBadRequestAndDisconnect"),
    (HTTP1, "_finishRequestBody", "allContentReceived"),
    (HTTP1, "allContentReceived", "_handlingRequest"),
    (HTTP1, "requestDone", "_handlingRequest"),
    (HTTP1, "registerProducer", "_requestProducer"),
    (HTTP1, "pauseProducing", "_waitingForTransport"),
    (HTTP1, "resumeProducing", "_waitingForTransport"),
    (HTTP1, "rawDataReceived", "_dataBuffer"),
    (HTTP1, "requestDone", "_dataBuffer"),
    (basic.LineReceiver, "dataReceived", "_buffer"),
    (HTTP1, "allContentReceived", "_transferDecoder"),
    (HTTP1, "allContentReceived", "_savedTimeOut"),
    (HTTP1, "requestDone", "_savedTimeOut"),
    (HTTP1, "requestDone", "_handlingRequest"),
    (HTTP1, "requestDone", "loseConnection"),
    (HTTP1, "timeoutConnection", "loseConnection"),
    (HTTP1, "timeoutConnection", "_abortingCall"),
    (HTTP1, "connectionLost", "_abortingCall"),
    (http.Request, "connectionLost", "_disconnected"),
    (Core, "__init__", "_receive_headers_frame"),
    (Core, "__init__", "_receive_goaway_frame"),
    (Core, "__init__", "_receive_data_frame"),
    (Core, "_receive_frame", "_frame_dispatch_table"),
    (Core, "_open_streams", "_closed_streams"),
    (Core, "__init__", "MAX_CLOSED_STREAMS"),
    (Core, "_stream_closed_by", "_closed_streams"),
    (Core, "data_to_send", "_data_to_send"),
    (FrameBuffer, "_update_header_buffer", "_headers_buffer"),
    (http.Request, "finish", "_cleanup"),
    (hpack.Encoder, "encode", "_encode_table_size_change"),
    (hpack.Encoder, "_encode_table_size_change", "table_size_changes"),
    (hpack.Encoder, "add", "header_table"),
    (Core, "acknowledge_received_data", "_inbound_flow_control_window_manager"),
    (CoreStream, "receive_data", "_track_content_length"),
    (CoreStream, "receive_data", "_inbound_window_manager"),
    (Core, "receive_data", "_receive_frame"),
    (Core, "receive_data", "_terminate_connection"),
    (Core, "reset_stream", "_prepare_for_sending"),
    (Core, "_receive_headers_frame", "max_concurrent_streams"),
    (FrameBuffer, "add_data", "_data"),
    (FrameBuffer, "__next__", "_validate_frame_length"),
    (Core, "send_data", "outbound_flow_control_window"),
    (CoreStream, "send_data", "outbound_flow_control_window"),
    (tls.TLSMemoryBIOProtocol, "write", "_write"),
    (tls.TLSMemoryBIOProtocol, "dataReceived", "_flushReceiveBIO"),
    (tls.TLSMemoryBIOProtocol, "dataReceived", "_handshakeDone"),
    (tls.TLSMemoryBIOProtocol, "_flushReceiveBIO", "_shutdownTLS"),
    (tls.TLSMemoryBIOProtocol, "_flushReceiveBIO", "_tlsShutdownFinished"),
    (tls.TLSMemoryBIOFactory, "__init__", "_clock"),
    (tls.TLSMemoryBIOProtocol, "_flushReceiveBIO", "_aborted"),
    (tls.TLSMemoryBIOProtocol, "_unbufferPendingWrites", "_write"),
    (tls.TLSMemoryBIOProtocol, "_write", "_lostTLSConnection"),
    (tls.TLSMemoryBIOProtocol, "registerProducer", "_producer"),
    (tls.TLSMemoryBIOProtocol, "_write", "_tlsConnection"),
)
"""Who calls or sets them: an override that nobody calls any more changes nothing, silently."""

H2_ATTRIBUTES = frozenset(
    {
        "conn",
        "streams",
        "_reactor",
        "priority",
        "_bufferedControlFrames",
        "_bufferedControlFrameBytes",
        "_consumerBlocked",
        "_sendingDeferred",
        "_outboundStreamQueues",
        "_streamCleanupCallbacks",
        "_stillProducing",
        "_maxBufferedControlFrameBytes",
        "_resetTokens",
        "_resetTokenTimestamp",
    }
)
"""What a connection of Twisted's sets when it is made. Ours sets ``conn``, ``streams`` and ``_reactor`` in its place;
the rest is for the sender that it replaces, and for limits of Twisted's."""

H2_SENDERS = frozenset(
    {"_handlePriorityUpdate", "_sendPrioritisedData", "_tryToWriteControlData", "_flushBufferedControlData"}
)
"""Methods that need the rest, and that ours inherits: nothing calls them."""

CLASS_ATTRIBUTES: tuple[tuple[Any, str], ...] = (
    (H2, "_log"),
    (H2, "abortTimeout"),
    (H2, "factory"),
    (H2, "site"),
    (H2, "_terminate"),
    (HTTP1, "_savedTimeOut"),
    (HTTP1, "_abortingCall"),
    (HTTP1, "_requestProducer"),
    (HTTP1, "_waitingForTransport"),
    (HTTP1, "_buffer"),
    (HTTP1, "timeOut"),
    (ALPN, "_negotiatedProtocol"),
    (ALPN, "_requestFactory"),
    (ALPN, "_factory"),
    (ALPN, "_site"),
    (ALPN, "_timeOut"),
    (ALPN, "_callLater"),
    (policies.TimeoutMixin, "callLater"),
    (http.Request, "_disconnected"),
    (http.Request, "finished"),
    (server.Request, "_encoder"),
    (http.Request, "startedWriting"),
    (tls.TLSMemoryBIOFactory, "protocol"),
    (h2.connection, "AllowedStreamIDs"),
    (CoreStream, "open"),
)
"""What is there before there is an object."""

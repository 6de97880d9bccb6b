"""An HTTP/2 and HTTP/1.1 server on Twisted's channels, made right. It knows nothing of cameras.

negotiation picks the channel by ALPN; http2 and http1 are the channels; request is what an application sees.
"""

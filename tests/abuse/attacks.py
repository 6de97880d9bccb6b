"""The table of attacks."""

from __future__ import annotations

from tests.abuse import floods, guests, slow
from tests.abuse.lines import Attack
from tests.abuse.run import HOSTILE_SESSIONS

MANY = 200
"""Connections of an attack that is about having them, below what one address may have."""

ALL_OF_THEM = 390
"""Nearly as many as one may have."""

MANY_PLACES = 4000
"""As many as there may be in all."""

CALM = Attack("(nothing)", slow.nothing, lines=0, prompt=False)
"""What the machine itself does to the figures."""

ALL = (
    Attack("rapid reset", floods.rapid_reset),
    Attack("server-made resets", floods.server_resets),
    Attack("too many streams", floods.too_many_streams),
    Attack("CONTINUATION flood", floods.continuation),
    Attack("SETTINGS flood", floods.settings),
    Attack("SETTINGS of many", floods.long_settings),
    Attack("PING flood", floods.ping),
    Attack("PING flood, unread", slow.unread_pings, reads=False),
    Attack("empty DATA", floods.empty_data),
    Attack("DATA of a byte", floods.tiny_data, prompt=False),
    Attack("WINDOW_UPDATE by 1", floods.tiny_updates),
    Attack("WINDOW_UPDATE by 256", floods.updates, prompt=False),
    Attack("window of one", floods.dribble),
    Attack("PRIORITY flood", floods.priority),
    Attack("unknown frames", floods.unknown),
    Attack("HPACK bomb", floods.hpack_bomb),
    Attack("long header lists", floods.long_fields),
    Attack("many fields", floods.many_fields, prompt=False),
    Attack("large frames", floods.large_frames),
    Attack("garbage, HTTP/2", floods.garbage),
    Attack("garbage, HTTP/1.1", slow.garbage_1, alpn="http/1.1"),
    Attack("garbage, TLS", slow.tls_garbage, alpn=None),
    Attack("new keys for TLS", slow.new_keys, alpn="http/1.1", below=True),
    Attack("slow handshakes", slow.slow_handshake, alpn=None, lines=MANY, prompt=False),
    Attack("silent connections", slow.silent, lines=420),
    Attack("silent ones of ten addresses", slow.silent, lines=MANY_PLACES, sources=10, places=MANY_PLACES // 2),
    Attack("header trickle, HTTP/1.1", slow.headers_1, alpn="http/1.1", lines=MANY, prompt=False),
    Attack("header trickle, HTTP/2", slow.headers_2, lines=MANY, prompt=False),
    Attack("body trickle, HTTP/1.1", slow.body_1, alpn="http/1.1", lines=MANY, prompt=False),
    Attack("body trickle, HTTP/2", slow.body_2, lines=MANY, prompt=False),
    Attack("unread answers, HTTP/2", slow.unread_2, reads=False, prompt=False),
    Attack("unread answers, HTTP/1.1", slow.unread_1, alpn="http/1.1", reads=False, prompt=False),
    Attack("requests, HTTP/2", floods.questions, prompt=False),
    Attack("requests, HTTP/1.1", slow.pipelined, alpn="http/1.1", prompt=False),
    Attack("requests of many, HTTP/2", floods.questions, lines=MANY, prompt=False),
    Attack("requests of many, HTTP/1.1", slow.pipelined, alpn="http/1.1", lines=MANY, prompt=False),
    Attack("a request of each, HTTP/2", slow.one_each_2, lines=ALL_OF_THEM, prompt=False),
    Attack("a request of each, HTTP/1.1", slow.one_each_1, alpn="http/1.1", lines=ALL_OF_THEM, prompt=False),
    Attack("JSON bodies of many", slow.json_bodies, alpn="http/1.1", lines=MANY // 2, prompt=False),
    Attack("empty frames of many", slow.empty_frames, alpn="http/1.1", lines=2 * HOSTILE_SESSIONS, prompt=False),
    Attack("chunks of a byte", slow.tiny_chunks, alpn="http/1.1", prompt=False),
    Attack("stalled viewers", guests.stalled_viewers, lines=21, prompt=False, places=21),
    Attack("unfinished frames", guests.unfinished_frames, alpn="http/1.1", lines=2 * HOSTILE_SESSIONS, places=80),
    Attack("kept frames", guests.kept_frames, alpn="http/1.1", lines=HOSTILE_SESSIONS, prompt=False, places=40),
    Attack("unread snapshots", guests.snapshots, lines=21, prompt=False, places=21),
    Attack("slow viewers", guests.slow_viewers, alpn="http/1.1", lines=8, reads=False, places=8),
    Attack("long lists", guests.long_lists, alpn="http/1.1", lines=6, prompt=False, places=6),
    Attack("takeovers", guests.takeovers, prompt=False, places=4),
    Attack("long metadata", guests.long_metadata, alpn="http/1.1", lines=6, prompt=False, places=6),
    Attack("hostile pictures", guests.hostile_pictures, alpn="http/1.1", lines=8, prompt=False, places=8),
)

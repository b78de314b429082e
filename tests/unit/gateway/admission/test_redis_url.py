"""Commands leave in one piece, and are those of redis-py to the byte."""

from __future__ import annotations

from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import Encoder, PythonRespSerializer, SSLConnection
from redis.exceptions import DataError

from gateway.admission.redis_client import connect
from gateway.admission.redis_url import WholeCommands

LARGE = b"x" * 100_000
ENCODER = Encoder("utf-8", "strict", decode_responses=False)
argument = st.text() | st.binary() | st.integers() | st.floats() | st.sampled_from([LARGE, b"", "", bytearray(b"ab")])


@given(
    name=st.sampled_from(["EVALSHA", b"GET", "CONFIG GET", b"CLIENT SETINFO"]),
    arguments=st.lists(argument, max_size=12),
)
def test_a_command_is_packed_into_one_piece_as_redis_py_packs_it_into_several(name, arguments):
    (packed,) = WholeCommands(ENCODER).pack(name, *arguments)

    assert packed == b"".join(PythonRespSerializer(6000, ENCODER.encode).pack(name, *arguments))


def test_a_command_is_what_redis_reads():
    (packed,) = WholeCommands(ENCODER).pack("EVALSHA", "é", 12, b"\x00\r\n")

    assert packed == b"*4\r\n$7\r\nEVALSHA\r\n$2\r\n\xc3\xa9\r\n$2\r\n12\r\n$3\r\n\x00\r\n\r\n"


def test_text_that_its_encoding_lacks_is_packed_as_redis_py_packs_it():
    encoder = Encoder("ascii", "replace", decode_responses=False)

    assert WholeCommands(encoder).pack("GET", "é") == [b"*2\r\n$3\r\nGET\r\n$1\r\n?\r\n"]


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize("kind_of", [Number.ONE, memoryview(b"ab"), bytearray(b"ab"), type("Text", (str,), {})("é")])
def test_kinds_of_what_is_packed_here_are_packed_as_redis_py_packs_them(kind_of):
    (packed,) = WholeCommands(ENCODER).pack("GET", kind_of)

    assert packed == b"".join(PythonRespSerializer(6000, ENCODER.encode).pack("GET", kind_of))


@pytest.mark.parametrize("odd", [None, True, object()])
def test_what_redis_py_cannot_send_is_refused_as_there(odd):
    with pytest.raises(DataError):
        WholeCommands(ENCODER).pack("SET", odd)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "rediss://127.0.0.1:1", "unix:///nowhere"])
def test_connections_of_every_kind_send_a_large_command_by_one_call(url):
    connection = connect(url, 0.1).connection_pool.make_connection()

    assert len(connection.pack_command("EVALSHA", LARGE, "a", LARGE)) == 1


def test_text_is_encoded_as_the_url_says():
    connection = connect("redis://127.0.0.1:1?encoding=latin-1", 0.1).connection_pool.make_connection()

    assert connection.pack_command("GET", "é") == [b"*2\r\n$3\r\nGET\r\n$1\r\n\xe9\r\n"]


@pytest.mark.parametrize(("scheme", "is_encrypted"), [("redis+sentinel", False), ("rediss+sentinel", True)])
def test_the_master_is_met_over_tls_where_its_sentinels_are(scheme, is_encrypted):
    pool = connect(f"{scheme}://127.0.0.1:1/updates", 0.1).connection_pool

    assert isinstance(pool.make_connection(), SSLConnection) is is_encrypted

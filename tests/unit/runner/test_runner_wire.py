import socket

import pytest

from services.runner.sandbox.wire import Garbled, decode, encode, receive, receive_with_socket, send, send_with_socket


def test_a_message_and_a_socket_arrive_as_they_were_sent() -> None:
    left, right = socket.socketpair()
    passed, kept = socket.socketpair()
    with left, right, passed, kept:
        send(left, {"a": "ü", "n": [1, 2.5, None]})
        assert receive(right) == {"a": "ü", "n": [1, 2.5, None]}
        send_with_socket(left, {"op": "fork"}, passed)
        message, taken = receive_with_socket(right)
        assert message == {"op": "fork"}
        assert taken is not None
        with taken:
            taken.sendall(b"x")
            assert kept.recv(1) == b"x"


def test_a_peer_that_hung_up_is_noticed() -> None:
    left, right = socket.socketpair()
    with right:
        left.sendall(encode({"half": "a message"})[:7])
        left.close()
        with pytest.raises(EOFError):
            receive(right)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"[" * 200_000, b"1" * 10_000, b'"text"'])
def test_what_is_no_message_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        decode(body)


def test_what_json_cannot_say_is_not_sent() -> None:
    with pytest.raises(ValueError):
        encode({"x": float("nan")})

"""Why there was no answer, finer than the class of the failure."""

import errno
import socket
import ssl

import pytest

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.failures import build_connect_error, build_lookup_error, build_tls_error
from tests.kit.receivers import egress, failure


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (socket.EAI_AGAIN, FailureReason.NAME_SERVER_FAILED),
        (socket.EAI_FAIL, FailureReason.NAME_SERVER_FAILED),
        (socket.EAI_MEMORY, FailureReason.OWN_LIMIT),
    ],
)
def test_a_failed_lookup_has_its_reason(number: int, reason: FailureReason) -> None:
    failed = build_lookup_error("hooks.example", socket.gaierror(number, "As the system says."))
    assert (failed.kind, failed.reason) == ("dns", reason)
    assert failed.message == "The name hooks.example cannot be resolved: As the system says."


def test_a_lookup_for_which_there_is_no_thread_is_our_own_fault() -> None:
    assert build_lookup_error("hooks.example", OSError(errno.EAGAIN, "no thread")).reason is FailureReason.OWN_LIMIT


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ([errno.ECONNREFUSED], FailureReason.CONNECTION_REFUSED),
        ([errno.EHOSTUNREACH], FailureReason.HOST_UNREACHABLE),
        ([errno.ETIMEDOUT], FailureReason.HOST_UNREACHABLE),
        ([errno.ENETUNREACH], FailureReason.NETWORK_UNREACHABLE),
        ([errno.EMFILE], FailureReason.OWN_LIMIT),
        ([errno.ENETUNREACH, errno.ECONNREFUSED], FailureReason.CONNECTION_REFUSED),
        ([errno.ENETUNREACH, errno.ETIMEDOUT], FailureReason.HOST_UNREACHABLE),
        ([0], FailureReason.HOST_UNREACHABLE),
    ],
)
def test_of_several_failed_dials_the_most_telling_gives_the_reason(numbers: list[int], reason: FailureReason) -> None:
    failed = build_connect_error("hooks.example", 443, [OSError(number, "words of a loop") for number in numbers])
    assert (failed.kind, failed.reason) == ("connect", reason)
    assert failed.message.startswith("hooks.example port 443 cannot be reached: ")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (9, FailureReason.CERTIFICATE_NOT_YET_VALID),
        (10, FailureReason.CERTIFICATE_EXPIRED),
        (18, FailureReason.CERTIFICATE_SELF_SIGNED),
        (19, FailureReason.CERTIFICATE_UNTRUSTED),
        (20, FailureReason.CERTIFICATE_UNTRUSTED),
        (62, FailureReason.CERTIFICATE_WRONG_NAME),
        (66, FailureReason.CERTIFICATE_WEAK),
        (67, FailureReason.CERTIFICATE_WEAK),
        (68, FailureReason.CERTIFICATE_WEAK),
    ],
)
def test_a_refused_certificate_has_its_reason(code: int, reason: FailureReason) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    error.verify_message = "as OpenSSL says"
    failed = build_tls_error("hooks.example", error, has_certificate=False)
    assert (failed.kind, failed.reason) == ("tls", reason)
    assert failed.message == "No trusted TLS connection to hooks.example: as OpenSSL says."


async def test_a_closed_port_is_told_in_the_systems_words() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with egress() as client:
            error = await failure(client, f"http://127.0.0.1:{port}/")
    assert error.reason is FailureReason.CONNECTION_REFUSED
    assert error.message == f"127.0.0.1 port {port} cannot be reached: Connection refused."
    assert error.timings.connect_ms is not None

"""What a release writes is data: escaped, limited, and never mistaken for the supervisor's own words."""

from yimen_host.runtime.sandbox.confinement import Limits
from yimen_host.runtime.supervisor.logs import ReleaseLog

LIMITS = Limits(log_lines=10, log_bytes=100_000)


def test_terminal_escapes_are_shown_not_sent() -> None:
    log = ReleaseLog(LIMITS)

    log.feed(b"\x1b[2Jgone\r\n\xff\n")

    assert log.tail(10) == ["  \\x1b[2Jgone\\r", "  \\xff"]


def test_a_release_cannot_write_the_supervisors_mark() -> None:
    log = ReleaseLog(LIMITS)
    log.note("quarantined: real")

    log.feed(b"* quarantined: forged\n")

    assert log.tail(10) == ["* quarantined: real", "  * quarantined: forged"]


def test_lines_over_the_limit_are_dropped_and_counted() -> None:
    now = 0.0
    log = ReleaseLog(Limits(log_lines=2), clock=lambda: now)

    log.feed(b"1\n2\n3\n4\n")
    log.feed(b"5\n6")
    now = 61.0
    log.feed(b"\n7\n")

    losses = "* 3 lines over the limit of 2 lines and 1048576 bytes a minute were dropped"
    assert log.tail(10) == ["  1", "  2", losses, "  6", "  7"]


def test_bytes_over_the_limit_are_dropped_whatever_the_lines() -> None:
    log = ReleaseLog(Limits(log_lines=10, log_bytes=5))

    log.feed(b"12345\n6\n")

    losses = "* 1 lines over the limit of 10 lines and 5 bytes a minute were dropped"
    assert (log.is_full, log.tail(10)) == (True, ["  12345", losses])


def test_a_full_log_keeps_little_of_a_line_without_end() -> None:
    now = 0.0
    log = ReleaseLog(Limits(log_lines=1), clock=lambda: now)
    log.feed(b"1\n")

    for _ in range(5):
        log.feed(b"x" * 1000)
    now = 61.0
    log.feed(b"\n")

    assert [len(line) for line in log.tail(10)] == [3, 2002]


def test_a_line_without_end_is_cut() -> None:
    log = ReleaseLog(LIMITS)

    for _ in range(5):
        log.feed(b"x" * 1000)

    assert [len(line) for line in log.tail(10)] == [2002]

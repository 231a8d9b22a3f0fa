"""What a release writes is data: escaped, limited, and never mistaken for the supervisor's own words."""

from yimen_host.runtime.supervisor.logs import ReleaseLog


def test_terminal_escapes_are_shown_not_sent() -> None:
    log = ReleaseLog(10)

    log.feed(b"\x1b[2Jgone\r\n\xff\n")

    assert log.tail(10) == ["  \\x1b[2Jgone\\r", "  \\xff"]


def test_a_release_cannot_write_the_supervisors_mark() -> None:
    log = ReleaseLog(10)
    log.note("quarantined: real")

    log.feed(b"* quarantined: forged\n")

    assert log.tail(10) == ["* quarantined: real", "  * quarantined: forged"]


def test_lines_over_the_limit_are_dropped_and_counted() -> None:
    now = 0.0
    log = ReleaseLog(2, clock=lambda: now)

    log.feed(b"1\n2\n3\n4\n")
    now = 61.0
    log.feed(b"5\n")

    assert log.tail(10) == ["  1", "  2", "* 2 lines over the limit of 2 a minute were dropped", "  5"]


def test_a_line_without_end_is_cut() -> None:
    log = ReleaseLog(10)

    for _ in range(5):
        log.feed(b"x" * 1000)

    assert [len(line) for line in log.tail(10)] == [2002]

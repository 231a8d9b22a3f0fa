"""A mini-app's answer through the gateway against the same application on bare uvicorn, at 32 connections."""

from bench.measure import Load, conclude, load, median
from bench.stage import APP, COOKIE, arm, bare, gateway, stage, worker_of

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = 32


def main() -> None:
    """Measure both in turn, in the same rounds."""
    with stage() as made:
        socket = arm(made, made.spec())
        with bare() as (bare_port, bare_pid), gateway(socket) as (port, pid):
            through = {"Host": f"{APP}.localhost:{port}", "Cookie": f"__Host-yimen={COOKIE}"}
            load(f"http://127.0.0.1:{port}/", headers=through, connections=4, seconds=1, watched=[])
            worker = worker_of(made)
            plain: list[Load] = []
            ours: list[Load] = []
            for _ in range(ROUNDS):
                plain.append(_round(bare_port, {}, [bare_pid]))
                ours.append(_round(port, through, [pid, worker]))
    conclude(
        "gateway",
        ratio=median([b.rate / a.rate for a, b in zip(plain, ours, strict=True)]),
        cpu_ratio=median([b.cpu_us / a.cpu_us for a, b in zip(plain, ours, strict=True)]),
        bare_rate=median([one.rate for one in plain]),
        gateway_rate=median([one.rate for one in ours]),
        bare_cpu_us=median([one.cpu_us for one in plain]),
        gateway_cpu_us=median([one.cpu_us for one in ours]),
        bare_p99_ms=median([one.p99_ms for one in plain]),
        gateway_p99_ms=median([one.p99_ms for one in ours]),
        failed=sum(one.failed for one in ours),
    )


def _round(port: int, headers: dict[str, str], watched: list[int]) -> Load:
    return load(f"http://127.0.0.1:{port}/", headers=headers, connections=CONNECTIONS, seconds=SECONDS, watched=watched)


if __name__ == "__main__":
    main()

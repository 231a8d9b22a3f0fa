"""Sixty-four clients that post transfers over HTTP as fast as the answers come, each on its own connection.

python -m bench.posting.clients PORT PATH CLIENTS SECONDS KEYS
"""

import asyncio
import json
import random
import sys
import time
from itertools import count

import uvloop

ACCOUNTS = 2_000


async def main(port: int, path: str, clients: int, seconds: float, keys: str) -> None:
    """Send, and print [requests a second, p50 ms, p99 ms, failed]."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    numbers, choose, times, until = count(), random.Random(7), list[float](), time.perf_counter() + seconds

    async def client() -> int:
        failed = 0
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < until:
            payer, payee = choose.randrange(ACCOUNTS), choose.randrange(ACCOUNTS)
            body = _BODY % (keys, next(numbers), payer, payee)
            writer.write(f"{head}{len(body)}\r\n\r\n{body}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            said = await reader.readexactly(length)
            times.append(time.perf_counter() - began)
            failed += not (answer.startswith(b"HTTP/1.1 200") and (said == b"{}" or b"APPLIED" in said))
        writer.close()
        return failed

    failed = sum(await asyncio.gather(*(client() for _ in range(clients))))
    times.sort()
    middle, high = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    print(json.dumps([len(times) / seconds, middle, high, failed]))


_BODY = (
    '{"idempotencyKey":"%s-%d","transactionId":"t","allowOverdraft":true,"legs":['
    '{"accountId":"external:%d","type":"DEBIT","amountSubunits":100,"currency":"CNY"},'
    '{"accountId":"acct:%d","type":"CREDIT","amountSubunits":100,"currency":"CNY"}]}'
)

if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]))

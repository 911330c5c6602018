"""A small client over plain sockets: `python -m tests.benchmarks.load PORT REQUESTS CODES`.

Keeps CONNECTIONS open, asks for one link after the other as different visitors, and prints
how many answers were 302, the seconds, and the 50th and 99th percentile in milliseconds.
It is a process of its own, so that its CPU is not counted.
"""

import socket
import sys
import threading
import time
from pathlib import Path

CONNECTIONS = 32
AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{n} like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
)


def ask(port: int, codes: list[str], first: int, count: int, found: list[float]) -> None:
    """Send `count` requests over one connection; add the seconds of each 302 to `found`."""
    with socket.create_connection(("127.0.0.1", port), 60) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n in range(first, first + count):
            begun = time.perf_counter()
            line.sendall(
                f"GET /go/{codes[n % len(codes)]} HTTP/1.1\r\nHost: localhost\r\n"
                f"User-Agent: {AGENT.format(n=n % 90)}\r\nReferer: https://www.tiktok.com/\r\n"
                f"Sec-Fetch-Dest: document\r\nAccept-Language: nl\r\n\r\n".encode()
            )
            answer = b""
            while b"\r\n\r\n" not in answer:
                part = line.recv(8192)
                if not part:
                    return
                answer += part
            if answer.startswith(b"HTTP/1.1 302"):
                found.append(time.perf_counter() - begun)


def main(port: int, requests: int, codes: list[str]) -> str:
    found: list[float] = []
    share = requests // CONNECTIONS
    threads = [
        threading.Thread(target=ask, args=(port, codes, k * share, share, found))
        for k in range(CONNECTIONS)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - begun
    found.sort()
    p50, p99 = (1000 * found[int(len(found) * q)] if found else 0 for q in (0.5, 0.99))
    return f"{len(found)} {spent:.3f} {p50:.2f} {p99:.2f}"


if __name__ == "__main__":
    sys.stdout.write(
        main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).read_text().split())
    )

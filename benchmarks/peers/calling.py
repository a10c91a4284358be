"""A call to a Messages API with nothing but the standard library, so that every peer makes the very same one."""

import asyncio
import json
from urllib.parse import urlsplit

MODEL = "claude-sonnet-5-5"


async def called(base_url: str, key: str, item: int) -> int:
    """The number of tokens of the answer. Raises RuntimeError if there is none."""
    host, port = urlsplit(base_url).netloc.rsplit(":", 1)
    message = {"role": "user", "content": f"[item:i{item}]"}
    body = json.dumps({"model": MODEL, "max_tokens": 64, "messages": [message]}).encode()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nhost: {host}:{port}\r\nauthorization: Bearer {key}\r\n"
        "anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head.encode() + body)
        heard = await reader.readuntil(b"\r\n\r\n")
        status = int(heard.split(b" ", 2)[1])
        length = next(int(line.split(b":")[1]) for line in heard.lower().split(b"\r\n") if b"content-length:" in line)
        answer = json.loads(await reader.readexactly(length))
    finally:
        writer.close()
    if status != 200:
        raise RuntimeError(f"{status}: {answer}")
    tokens: int = answer["usage"]["output_tokens"]
    return tokens

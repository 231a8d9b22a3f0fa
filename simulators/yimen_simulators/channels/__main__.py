"""``python -m yimen_simulators.channels --port 8092 --dir var/channels [--papers]``."""

import argparse
import datetime as dt
from pathlib import Path

import uvicorn

from yimen_simulators.channels.books import Books
from yimen_simulators.channels.papers import Papers
from yimen_simulators.channels.service import create_channels
from yimen_simulators.channels.world import World


def main() -> None:
    """Serve on loopback until a signal ends it; or, with ``--papers``, print the merchant's settings and end."""
    parser = argparse.ArgumentParser(prog="yimen-channels", description="WeChat Pay and Alipay, pretended.")
    parser.add_argument("--port", type=int, default=8092)
    parser.add_argument("--dir", type=Path, default=Path("var/channels"))
    parser.add_argument("--papers", action="store_true", help="print a merchant's settings, one a line")
    options = parser.parse_args()
    directory = options.dir.absolute()
    papers, origin = Papers.kept(directory), f"http://localhost:{options.port}"
    if options.papers:
        print("\n".join(settings(papers, directory, origin)))
        return
    books = Books(directory / "books.sqlite", lambda: dt.datetime.now(dt.UTC))
    service = create_channels(World(books, papers, origin))
    uvicorn.run(service, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


def settings(papers: Papers, directory: Path, origin: str) -> list[str]:
    """What a merchant's extension of either provider must be set to, as lines for an environment."""
    wechat = {
        "SERVER": origin,
        "MCHID": papers.mchid,
        "APPID": papers.wechat_appid,
        "SERIAL": papers.merchant_serial,
        "PRIVATE_KEY_FILE": directory / "wechat_merchant.pem",
        "APIV3_KEY_FILE": directory / "apiv3_key",
        "PUBLIC_KEY_FILE": directory / "wechat.pub.pem",
        "PUBLIC_KEY_ID": papers.public_key_id,
    }
    alipay = {
        "SERVER": f"{origin}/gateway.do",
        "APPID": papers.alipay_appid,
        "SELLER_ID": papers.seller_id,
        "PRIVATE_KEY_FILE": directory / "alipay_merchant.pem",
        "PUBLIC_KEY_FILE": directory / "alipay.pub.pem",
    }
    return [f"YIMEN_EXT_WECHATPAY_{name}={value}" for name, value in wechat.items()] + [
        f"YIMEN_EXT_ALIPAY_{name}={value}" for name, value in alipay.items()
    ]


if __name__ == "__main__":
    main()

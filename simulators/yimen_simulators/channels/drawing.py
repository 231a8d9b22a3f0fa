"""The simulator's few pages: templates that escape what they are given."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
PAGES.filters["yuan"] = lambda fen: f"{fen // 100:,}.{fen % 100:02}"
PAGES.globals["provider"] = {"wechat": "微信支付 WeChat Pay", "alipay": "支付宝 Alipay"}

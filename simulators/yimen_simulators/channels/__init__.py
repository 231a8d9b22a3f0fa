"""WeChat Pay and Alipay, pretended: their wire protocols with real signatures, and every fault that is worth a test.

Written from their public documentation. Knows nothing of Yimen; a merchant of any kind can talk to it.
"""

"""Papers: receipts and statements as PDF, and the page on which anyone may check one."""

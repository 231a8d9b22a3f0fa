"""The zygote: a warm interpreter without a secret, from which every worker is forked."""

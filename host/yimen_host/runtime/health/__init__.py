"""What stands as it should on a host, in the words of whoever asks: findings, and where they are looked for."""

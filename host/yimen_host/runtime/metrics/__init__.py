"""What a monitoring system is told: how this machine confines, serves and pays, as numbers."""

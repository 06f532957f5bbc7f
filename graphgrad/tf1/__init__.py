"""`graphgrad tf1 SCRIPT`: TF1 scripts run as they are, with `tensorflow` served from graphgrad."""

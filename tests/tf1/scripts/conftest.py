"""The scripts are run by the tests beside this folder; pytest has nothing to collect in them."""

collect_ignore_glob = ["*"]

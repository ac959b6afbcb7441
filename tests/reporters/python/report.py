"""Reports as the documentation of the PyPI package shows: report.py URL TOKEN PROBE NODE REPLICA INTERVAL"""

import sys

from vigil_reporter.reporter import VigilReporter

url, token, probe, node, replica, interval = sys.argv[1:]

reporter = VigilReporter.from_config({
    "url": url,
    "token": token,
    "probe_id": probe,
    "node_id": node,
    "replica_id": replica,
    "interval": int(interval),
})
reporter.start_reporting()

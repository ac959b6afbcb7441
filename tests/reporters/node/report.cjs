// Reports as the documentation of the npm package shows: report.cjs URL TOKEN PROBE NODE REPLICA INTERVAL
var VigilReporter = require('vigil-reporter').VigilReporter;

var [url, token, probe_id, node_id, replica_id, interval] = process.argv.slice(2);

new VigilReporter({
  url: url,
  token: token,
  probe_id: probe_id,
  node_id: node_id,
  replica_id: replica_id,
  interval: Number(interval),
  console: require('console'),
});

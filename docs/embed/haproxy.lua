-- Asks the route daemon about the request's body; no answer leaves the default backend.
local route = os.getenv("TIERCE_ROUTE") or "http://127.0.0.1:8080/v1/route"
core.register_action("tierce", { "http-req" }, function(txn)
  local answer = core.httpclient():post{ url = route, body = txn.sf:req_body(), timeout = 200,
    headers = { ["content-type"] = { "application/json" } } }
  local tier = answer and answer.status == 200 and answer.headers["x-tierce-tier"]
  if tier and tier[0]:match("^[%w_.-]+$") then txn:set_var("txn.tier", tier[0]) end
end)

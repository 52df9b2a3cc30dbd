-- Asks the route daemon about the request's body; no answer leaves the default backend.
local route = os.getenv("TIERCE_ROUTE") or "http://127.0.0.1:8080/v1/route"
core.register_action("tierce", { "http-req" }, function(txn)
  local body = txn.sf:req_body() or ""
  local answer = core.httpclient():post{ url = route, body = body, timeout = 200, -- or it would be sent in chunks:
    headers = { ["content-type"] = { "application/json" }, ["content-length"] = { tostring(#body) } } }
  local tier = answer and answer.status == 200 and answer.headers["x-tierce-tier"]
  if tier and tier[0]:match("^[%w_.-]+$") then txn:set_var("txn.tier", tier[0]) end
end)

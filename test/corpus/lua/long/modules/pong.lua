-- Needs ping, which needs this one.
local M, played = {}, 0
local ping = require("ping")
function M.play(n)
  played = played + 1
  if n == 0 then return "pong ends" end
  return ping.play(n - 1)
end
function M.played() return played end
return M

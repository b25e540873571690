-- Not Lua, on purpose.
local x = = 1

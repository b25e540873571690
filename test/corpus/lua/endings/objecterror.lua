-- Ends by an error whose value is an object; what it says comes from __tostring.
local function deep(n) if n == 0 then error(setmetatable({}, { __tostring = function() return "an object that says what happened" end })) end deep(n - 1) end
print("before"); deep(20)

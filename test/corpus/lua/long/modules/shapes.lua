-- Classes with inheritance, for modules.lua; counts how often it is loaded in a global.
local name = ...
SHAPES_LOADED = (SHAPES_LOADED or 0) + 1
local M = { name = name }
local Shape = { kind = "shape" }
Shape.__index = Shape
function Shape:is(kind)
  local class = getmetatable(self)
  while class do
    if rawget(class, "kind") == kind then return true end
    class = getmetatable(class)
  end
  return false
end
local function class(kind, area)
  local c = setmetatable({ kind = kind, area = area }, Shape)
  c.__index = c
  c.__tostring = function(self) return kind .. " of " .. self.size end
  c.__lt = function(a, b) return a:area() < b:area() end
  M[kind] = function(size) return setmetatable({ size = size }, c) end
end
class("circle", function(self) return math.pi * self.size ^ 2 end)
class("square", function(self) return self.size ^ 2 end)
function M.loads() return SHAPES_LOADED end
return M

-- Binary trees, for modules.lua; its sub-module walks them.
local walk = require(... .. ".walk")
local M = {}
function M.build(depth, low, high)
  low, high = low or 1, high or (1 << depth) - 1
  if low > high then return nil end
  local middle = (low + high) // 2
  return { key = middle, left = M.build(depth, low, middle - 1), right = M.build(depth, middle + 1, high) }
end
function M.count(tree)
  local n = 0
  for _ in walk.inorder(tree) do n = n + 1 end
  return n
end
return M

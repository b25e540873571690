-- Walks a binary tree in order, without recursion.
local M = {}
function M.inorder(tree)
  local stack, node = {}, tree
  return function()
    while node do
      stack[#stack + 1] = node
      node = node.left
    end
    local top = table.remove(stack)
    if not top then return nil end
    node = top.right
    return top.key
  end
end
return M

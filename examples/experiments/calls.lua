-- Rounds of string, table and closure work; a line for each.
local function round(n)
  local words = {}
  for i = 1, 400 do
    words[i] = string.format("%d:%s", i * n, ("x"):rep(i % 7))
  end
  table.sort(words)
  local length = 0
  local add = function(word)
    length = length + #word:gsub("x", "yy")
  end
  for _, word in ipairs(words) do
    add(word)
  end
  return length
end

for n = 1, 600 do
  io.write(round(n), "\n")
end

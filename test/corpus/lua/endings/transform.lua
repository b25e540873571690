-- Reads all of stdin in several ways and writes it back changed.
local first = io.read("L")
if first then io.write("first: ", first:upper()) end
local words, lines = {}, 0
for line in io.lines() do
  lines = lines + 1
  io.write(("%3d| %s\n"):format(lines, line:reverse()))
  for word in line:gmatch("%w+") do words[#words + 1] = word:lower() end
end
table.sort(words)
print(lines, #words, table.concat(words, " "), io.read("a") == "", io.read("l"), io.read(0))

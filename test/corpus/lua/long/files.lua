-- io and os on files: modes, formats of reading, seeking, buffering, lines, renaming, pipes, errors, a larger file read in blocks.
local name = os.tmpname()
local function masked(message)
  return (tostring(message):gsub(name:gsub("%p", "%%%0"), "FILE"):gsub("[^%s:]+:%d+: ", ""))
end
local function show(...)
  local out = table.pack(...)
  for i = 1, out.n do out[i] = masked(out[i]) end
  print(table.concat(out, "\t"))
end
local function open(mode) return assert(io.open(name, mode)) end

-- Writing, types, closing.
local f = open("w")
show(io.type(f), io.type({}), io.type(io.stdout), f:write("line one\n", 2, "\t", 2.5, "\n0x1F -7e2 nope\n\nlast without end") == f)
show(f:seek(), f:close())
show(io.type(f), pcall(f.read, f), (tostring(f)))
show(pcall(io.open, name, "rz"), pcall(f.close))

-- Each format of reading.
f = open("r")
show(f:read("l"), f:read("n", "n"))
show(f:read("L"))
show(f:read("n"), f:read("n"), f:read("n"))
show(f:read("l"))
show(f:read("L") == "\n", f:read(4), f:read(0), f:read(100), f:read(0), f:read(1), f:read("l"), f:read("a"), f:read("n"))
f:close()
f = open("r")
show(f:read("l", "L", 3, "a"))
show(pcall(f.read, f, "x"), pcall(f.read, f, "*l"))
f:close()

-- lines: with formats, by name, past the end, closed at the end or not.
for line in io.lines(name) do io.write("<", line, ">") end
for a, b in io.lines(name, 2, 3) do io.write("[", a, "|", tostring(b), "]") end
for line in io.lines(name, "L") do io.write(#line, " ") end
print()
f = open("r")
for line in f:lines() do if line == "" then break end end
show(io.type(f), f:read("l"), f:read("l"))
f:close()
show(pcall(f.lines, f), pcall(io.lines, name .. ".missing"))
local next_line = io.lines(name)
while next_line() do end
show(pcall(next_line))

-- Seeking and rewriting within a file.
f = open("w+b")
f:write(("0123456789"):rep(10))
show(f:seek("set", 25), f:read(5), f:seek("cur", -3), f:read(3), f:seek("end", -4), f:read("a"), f:seek("end"))
f:seek("set", 50)
f:write("<here>")
f:seek("set", 48)
show(f:read(10), pcall(f.seek, f, "set", -1), pcall(f.seek, f, "middle"))
f:close()
f = open("r+")
f:write("OVER")
f:seek("cur", 0)
show(f:read(6))
f:close()
f = open("a+")
f:write("appended")
f:seek("set", 0)
show(f:read(4), f:seek("end"))
f:close()

-- Buffering is only seen by another reader.
f = open("w")
show(f:setvbuf("full", 4096))
f:write("buffered")
local other = open("r")
local before = other:read("a")
f:flush()
other:seek("set", 0)
show(#before, other:read("a"))
show(f:setvbuf("no"))
f:write("!")
show(other:read("a"))
other:close()
f:setvbuf("line")
f:close()

-- Default input and output.
local stdin, stdout = io.input(), io.output()
io.output(name)
io.write("through the default\nsecond\n")
show(io.output() ~= stdout)
io.close()
io.output(stdout)
io.input(name)
show(io.read(), io.read("L"), io.read())
io.close(io.input())
show(pcall(io.read))
io.input(stdin)
show(io.input() == stdin, pcall(io.input, name .. ".missing"))

-- To-be-closed files and collected ones.
local kept
do
  local held <close> = open("r")
  kept = held
end
show(io.type(kept))
for _ = 1, 200 do io.open(name):read("l") end
collectgarbage()

-- A larger file: written in pieces, read back in blocks, by lines and whole.
f = open("w")
local checksum = 0
for i = 1, 40000 do
  local line = ("%d %s %x\n"):format(i, ("abc"):rep(i % 5), i * 31)
  checksum = (checksum + #line * i) % 1000003
  f:write(line)
end
show(f:seek("cur"), checksum)
f:close()
local again, count, numbers = 0, 0, 0
for line in io.lines(name, "L") do
  count = count + 1
  again = (again + #line * count) % 1000003
end
f = open("r")
local length, blocks = 0, 0
while true do
  local block = f:read(4096)
  if not block then break end
  length, blocks = length + #block, blocks + 1
end
f:seek("set", 0)
for _ = 1, 9000 do
  numbers = numbers + f:read("n")
  f:read("l")
end
f:seek("set", 0)
show(count, again == checksum, length, blocks, numbers, #f:read("a") == length)
f:close()

-- os: rename, remove, errors with their numbers, execute, a pipe, the environment.
local moved = name .. ".moved"
show(os.rename(name, moved))
show(os.rename(name, moved))
show(io.open(name))
show(os.remove(moved))
show(os.remove(moved))
show(os.getenv("SURELY_NOT_SET_ANYWHERE"), type(os.getenv("PATH")), type(os.clock()), type(os.time()))
show(os.execute("exit 3"))
show(os.execute("kill -9 $$"))
show(os.execute())
io.stdout:flush()
local pipe = io.popen("printf 'one\\ntwo\\n'; exit 4", "r")
for line in pipe:lines() do io.write("(", line, ")") end
show(pipe:close())
pipe = io.popen("tr a-z A-Z", "w")
pipe:write("to a pipe\n")
show(pipe:close())
show(pcall(io.popen, "true", "x"))
local temporary = io.tmpfile()
temporary:write("temporary")
temporary:seek("set")
show(temporary:read("a"), temporary:close())

-- package and require: preloading, searching, loaded modules, failures.
package.preload["virtual"] = function(name, extra) print("loading", name, extra); return { name = name } end
print(require("virtual").name, require("virtual") == package.loaded.virtual, select(2, require("virtual")))
package.loaded.virtual = nil; print(require("virtual").name)
local file = os.tmpname()
local f = assert(io.open(file, "w")); f:write("local a, b = ...; return { a = a, same = b ~= nil, calls = (CALLS or 0) }"); f:close()
package.path = file:gsub("[^/]*$", "?") .. ";" .. package.path
local name = file:match("[^/]*$")
local m, where = require(name); print(m.a == name, m.same, where == file)
print(package.searchpath(name, package.path) == file, (package.searchpath("no.such", "/x/?.lua;/y/?.lua")), package.config:sub(1, 1))
print((select(2, pcall(require, "surely.not.there")):match("^module 'surely.not.there' not found:\n")))
f = assert(io.open(file, "w")); f:write("return syntax error"); f:close(); package.loaded[name] = nil
print((select(2, pcall(require, name)):match("^error loading module")))
print(pcall(dofile, "/no/such/file.lua"), loadfile("/no/such/file.lua"))
f = assert(io.open(file, "w")); f:write("#!first line\nreturn 1, 2, _ENV.x"); f:close()
print(dofile(file), loadfile(file, "t", { x = "env" })())
table.insert(package.searchers, 2, function(n) if n == "made" then return function(...) return { ... } end, "extra" end; return "\n\tno made " .. n end)
print(table.concat(require("made"), " "))
local dumped = string.dump(function(a) return a * 2 end); print(load(dumped, "d", "b")(21), (load(dumped, "d", "t")))
os.remove(file)
for _, lib in ipairs { "string", "table", "math", "io", "os", "coroutine", "utf8", "debug", "package", "_G" } do io.write(tostring(package.loaded[lib] ~= nil), " ") end
print()

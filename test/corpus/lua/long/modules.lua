-- package and require: module files beside this script, preloading, searchers, reloading, cycles, failures, environments.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end
local here = debug.getinfo(1, "S").source:match("^@(.*)modules%.lua$")
local saved_path, saved_cpath, saved_searchers = package.path, package.cpath, #package.searchers
package.path = here .. "modules/?.lua;" .. here .. "modules/?/init.lua"
package.cpath = ""

-- A module file gets its name and its path; it is loaded once.
local shapes, where = require("shapes")
print(where == here .. "modules/shapes.lua", shapes == require("shapes"), package.loaded.shapes == shapes, shapes.name, shapes.loads())
local circle, square = shapes.circle(2), shapes.square(3)
print(("%.4f %.4f"):format(circle:area(), square:area()), tostring(circle), circle < square, circle:is("shape"), square:is("circle"))
package.loaded.shapes = nil
local again = require("shapes")
print(again ~= shapes, again.loads(), getmetatable(again.circle(1)) == getmetatable(circle))

-- Sub-modules by dots and a folder with an init file.
local tree = require("tree")
print(tree.count(tree.build(6)), require("tree.walk") == package.loaded["tree.walk"], select("#", require("tree.walk")))
local sum = 0
for value in require("tree.walk").inorder(tree.build(11)) do sum = sum + value end
print("walked", sum)

-- Two modules that need each other, when one defers it.
print(require("ping").play(6), require("pong").played())

-- preload, searchers of one's own, and what a loader returns.
package.preload.virtual = function(...) print("preload", ...) return { virtual = true } end
print(require("virtual").virtual, select(2, require("virtual")))
package.preload.nothing = function() end
package.preload.no = function() return false end
print(require("nothing"), require("no"), package.loaded.nothing, package.loaded.no)
table.insert(package.searchers, 2, function(name)
  local n = name:match("^squares%.(%d+)$")
  if not n then return "\n\tno squares in '" .. name .. "'" end
  return function(module, extra)
    local list = {}
    for i = 1, tonumber(n) do list[i] = i * i end
    return setmetatable({ list = list }, { __tostring = function() return module .. " by " .. extra end })
  end, "searcher"
end)
local made = 0
for i = 1, 400 do made = made + #require("squares." .. i).list end
print(tostring(require("squares.5")), table.concat(require("squares.5").list, " "), made)

-- Failures: not found, wrong syntax, an error while loading, bad types.
local ok, message = pcall(require, "absent.module")
print(ok, (message:gsub(here:gsub("%p", "%%%0"), "HERE/")))
ok, message = pcall(require, "broken")
print(ok, (message:gsub(here:gsub("%p", "%%%0"), "HERE/"):gsub("'HERE", "'HERE")))
ok, message = pcall(require, "failing")
print(ok, type(message), message.reason, package.loaded.failing)
print(plain(select(2, pcall(require))), plain(select(2, pcall(package.searchpath, "x"))))
print((package.searchpath("shapes", package.path):gsub(here:gsub("%p", "%%%0"), "HERE/")), (package.searchpath("a-b", "?.x;dir/?.y", "-", "+")), select(2, package.searchpath("a.b", "?.x;dir/?.y")))
local path = package.path
package.path = nil
print(plain(select(2, pcall(require, "anything.else"))))
package.path = path
print(package.config:gsub("\n", "|"))
print(package.loadlib("/no/such/library.so", "luaopen_x") == nil, select(3, package.loadlib("/no/such/library.so", "luaopen_x")))

-- Modules with an environment of their own, and sandboxes from text.
local function sandbox(text, allowed)
  local env = setmetatable({}, { __index = allowed, __newindex = function(t, k, v) rawset(t, k, v) end })
  local chunk, problem = load(text, "=sandbox", "t", env)
  if not chunk then return nil, problem end
  local fine, result = pcall(chunk)
  return fine, result, env
end
print((select(2, sandbox("return print == nil and os == nil", {}))))
local fine, result, env = sandbox("counter = (counter or 0) + 1; function bump() counter = counter + 1; return counter end; return bump()", {})
print(fine, result, env.bump(), rawget(_G, "counter"))
print(sandbox("return 1 +", {}), plain(select(2, sandbox("error('inside')", { error = error }))))
local function environment() local _ENV = { value = "local _ENV" }; return value end
local function parameter(_ENV) return x + y end
print(environment(), parameter({ x = 1, y = 2 }))
local lines = 0
for i = 1, 1400 do
  local chunk = assert(loadfile(here .. "modules/shapes.lua", "t", setmetatable({}, { __index = _G })))
  local module = chunk("copy" .. i)
  lines = lines + (module.name == "copy" .. i and math.tointeger(module.square(i):area()) % 7 or 0)
end
print("copies", lines)

-- Leave everything as it was found.
while #package.searchers > saved_searchers do table.remove(package.searchers, 2) end
for name in pairs(package.loaded) do
  if not (name == "_G" or type(_G[name]) == "table" and _G[name] == package.loaded[name]) then package.loaded[name] = nil end
end
package.preload.virtual, package.preload.nothing, package.preload.no = nil, nil, nil
package.path, package.cpath = saved_path, saved_cpath
SHAPES_LOADED = nil

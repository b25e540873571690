-- A long mixture of work: the kernels of benchmarks, each small, over and over, so that every hot path is met many times.
local out = {}
local function note(name, value) out[name] = value end
local tasks = {}

tasks[#tasks + 1] = function(round) -- queens
  local function solve(n, row, columns, left, right)
    if row > n then return 1 end
    local found = 0
    for c = 1, n do
      if not columns[c] and not left[row + c] and not right[row - c] then
        columns[c], left[row + c], right[row - c] = true, true, true
        found = found + solve(n, row + 1, columns, left, right)
        columns[c], left[row + c], right[row - c] = nil, nil, nil
      end
    end
    return found
  end
  note("queens", solve(5 + round % 2, 1, {}, {}, {}))
end
tasks[#tasks + 1] = function() -- sieve
  local flags, count = {}, 0
  for i = 2, 3000 do flags[i] = true end
  for i = 2, 3000 do
    if flags[i] then
      count = count + 1
      for j = i * i, 3000, i do flags[j] = false end
    end
  end
  note("sieve", count)
end
local bodies = { { 0, 0, 0, 0, 0, 0, 39.47 }, { 4.84, -1.16, -0.1, 0.6, 2.81, -0.02, 0.037 }, { 8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011 } }
tasks[#tasks + 1] = function() -- bodies
  for _ = 1, 120 do
    for i = 1, #bodies do
      local a = bodies[i]
      for j = i + 1, #bodies do
        local b = bodies[j]
        local dx, dy, dz = a[1] - b[1], a[2] - b[2], a[3] - b[3]
        local d = dx * dx + dy * dy + dz * dz
        local f = 0.001 / (d * d ^ 0.5)
        a[4], a[5], a[6] = a[4] - dx * b[7] * f, a[5] - dy * b[7] * f, a[6] - dz * b[7] * f
        b[4], b[5], b[6] = b[4] + dx * a[7] * f, b[5] + dy * a[7] * f, b[6] + dz * a[7] * f
      end
    end
    for _, b in ipairs(bodies) do b[1], b[2], b[3] = b[1] + 0.001 * b[4], b[2] + 0.001 * b[5], b[3] + 0.001 * b[6] end
  end
  note("bodies", ("%.6f"):format(bodies[1][1] + bodies[2][2]))
end
tasks[#tasks + 1] = function() -- mandelbrot
  local inside = 0
  for y = -12, 12 do
    for x = -20, 10 do
      local zr, zi, cr, ci, n = 0.0, 0.0, x / 10, y / 10, 0
      while zr * zr + zi * zi < 4 and n < 30 do
        zr, zi, n = zr * zr - zi * zi + cr, 2 * zr * zi + ci, n + 1
      end
      if n == 30 then inside = inside + 1 end
    end
  end
  note("mandelbrot", inside)
end
tasks[#tasks + 1] = function(round) -- lzw
  local text = ("the rain in spain " .. round):rep(20)
  local codes, size, current, packed = {}, 256, "", {}
  for i = 0, 255 do codes[string.char(i)] = i end
  for c in text:gmatch(".") do
    if codes[current .. c] then current = current .. c else
      packed[#packed + 1] = codes[current]
      codes[current .. c], size, current = size, size + 1, c
    end
  end
  packed[#packed + 1] = codes[current]
  local words, back = {}, {}
  for i = 0, 255 do words[i] = string.char(i) end
  local last, free = words[packed[1]], 256
  back[1] = last
  for i = 2, #packed do
    local word = words[packed[i]] or last .. last:sub(1, 1)
    back[i] = word
    words[free], free, last = last .. word:sub(1, 1), free + 1, word
  end
  note("lzw", #packed .. tostring(table.concat(back) == text))
end
tasks[#tasks + 1] = function() -- fannkuch
  local p, q, s, sign, maxflips, sum = {}, {}, {}, 1, 0, 0
  local n = 6
  for i = 1, n do p[i], q[i], s[i] = i, i, i end
  repeat
    local q0 = p[1]
    if q0 ~= 1 then
      for i = 2, n do q[i] = p[i] end
      local flips = 1
      while true do
        local qq = q[q0]
        if qq == 1 then
          sum = sum + sign * flips
          if flips > maxflips then maxflips = flips end
          break
        end
        q[q0] = q0
        if q0 >= 4 then
          local i, j = 2, q0 - 1
          repeat
            q[i], q[j] = q[j], q[i]
            i, j = i + 1, j - 1
          until i >= j
        end
        q0, flips = qq, flips + 1
      end
    end
    if sign == 1 then
      p[1], p[2] = p[2], p[1]
      sign = -1
    else
      p[2], p[3] = p[3], p[2]
      sign = 1
      for i = 3, n do
        local sx = s[i]
        if sx ~= 1 then s[i] = sx - 1; break end
        if i == n then note("fannkuch", sum .. "/" .. maxflips); return end
        s[i] = i
        local t = p[1]
        for j = 1, i do p[j] = p[j + 1] end
        p[i + 1] = t
      end
    end
  until false
end
tasks[#tasks + 1] = function(round) -- strings and errors
  local words, failed = {}, 0
  for i = 1, 150 do
    words[#words + 1] = ("%s-%03d"):format(("abc"):sub(i % 3 + 1), i * round % 997)
    local ok = pcall(function() if i % 5 == 0 then error({ i }) end return #words end)
    if not ok then failed = failed + 1 end
  end
  table.sort(words, function(a, b) return a > b end)
  note("words", words[1] .. words[150] .. failed .. table.concat(words, ","):gsub("%-", "+", 3):len())
end
tasks[#tasks + 1] = function() -- coroutines and closures
  local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i, i * i) end end) end
  local sum, calls = 0, {}
  for i, square in gen(200) do
    sum = sum + i + square
    calls[i] = function(x) return x + i end
  end
  for i = 1, #calls do sum = calls[i](sum) end
  note("closures", sum)
end
tasks[#tasks + 1] = function() -- spectral norm
  local n, u, v = 16, {}, {}
  for i = 1, n do u[i] = 1 end
  local function a(i, j) local ij = i + j - 1; return 1 / (ij * (ij - 1) * 0.5 + i) end
  for _ = 1, 2 do
    for i = 1, n do local s = 0; for j = 1, n do s = s + a(i, j) * u[j] end; v[i] = s end
    for i = 1, n do local s = 0; for j = 1, n do s = s + a(j, i) * v[j] end; u[i] = s end
  end
  local uv, vv = 0, 0
  for i = 1, n do uv, vv = uv + u[i] * v[i], vv + v[i] * v[i] end
  note("spectral", ("%.9f"):format((uv / vv) ^ 0.5))
end
tasks[#tasks + 1] = function(round) -- life
  local w, grid = 16, {}
  for i = 0, w * w - 1 do grid[i] = (i * 7 + round) % 5 == 0 and 1 or 0 end
  for _ = 1, 4 do
    local after = {}
    for y = 0, w - 1 do
      for x = 0, w - 1 do
        local n = 0
        for dy = -1, 1 do
          for dx = -1, 1 do n = n + grid[(y + dy) % w * w + (x + dx) % w] end
        end
        n = n - grid[y * w + x]
        after[y * w + x] = (n == 3 or n == 2 and grid[y * w + x] == 1) and 1 or 0
      end
    end
    grid = after
  end
  local alive = 0
  for i = 0, w * w - 1 do alive = alive + grid[i] end
  note("life", alive)
end

for round = 1, 24 do
  for i = 1, #tasks do tasks[(i * 3 + round) % #tasks + 1](round) end
  if round % 8 == 0 then
    local names = {}
    for name in pairs(out) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do names[i] = name .. "=" .. tostring(out[name]) end
    print(round, table.concat(names, " "))
  end
end

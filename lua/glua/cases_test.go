package glua_test

import (
	"fmt"
	"strings"
	"testing"

	"nkhost/lua/glua"
)

// cases behave alike on both interpreters, each in every way.
var cases = []struct{ name, source string }{
	{"results", `
local function two() return 1, 2 end
local function none() end
local a, b, c, d = two() print(a, b, c, d)
local a, b, c, d = 0, two() print(a, b, c, d)
local a, b = two(), two() print(a, b)
local a, b = (two()) print(a, b)
local a, b = none() print(a, b)
print(two(), two()) print((two())) print(none()) print((none()))
print(select('#', two(), two()), select('#', none(), none()), select('#', (none())))
local t = {two(), two()} print(#t, t[1], t[2], t[3])
local t = {two(), (two())} print(#t)
local t = {none()} print(#t)
local function three() return 1, 2, 3 end
local function more(n) if n == 0 then return three() end return n, more(n - 1) end
print(more(5))
local a, b, c, d, e, f, g, h, i, j = more(3) print(a, b, c, d, e, f, g, h, i, j)`},

	{"varargs", `
local function f(...) local a, b, c = ... return select('#', ...), a, b, c end
print(f()) print(f(nil)) print(f(1, nil, nil)) print(f(1, 2, 3, 4))
local function g(a, b, ...) return a, b, ... end
print(g()) print(g(1)) print(g(1, 2)) print(g(1, 2, 3, 4))
local function h(a, ...) a = a or 'none' return (...), a, ... end
print(h()) print(h(1)) print(h(1, 2, 3))
local function tail(...) return g(...) end print(tail()) print(tail(1, 2, 3))
local function deep(n, ...) if n == 0 then return ... end return deep(n - 1, n, ...) end
print(deep(20))
local function notTail(n, ...) if n == 0 then return ... end local t = {notTail(n - 1, n, ...)} return unpack(t) end
print(notTail(20))
print((function(...) local t = {...} return #t, ({...})[2] end)(1, 2, 3))
print(#{f(1, 2, 3), ...}, ...)
return ...`},

	{"the table arg", `
local function f(a, ...) return arg end
local t = f(1, 2, nil, 4) for k, v in pairs(t) do print(k, v) end
print(#t, t.n) print(f().n, f(1).n, f(1, nil).n)
local function g(...) local function h() return arg end return h() end print(g(1) == nil)
local function i(...) arg.n = arg.n + 1 return arg.n, ... end print(i(1, 2))
local function j(...) local a = ... return arg == nil, a end print(j(7))`},

	{"many arguments", `
local t = {} for i = 1, 4000 do t[i] = i end
local function count(...) return select('#', ...) end
print(count(unpack(t)))
local function last(...) return (select(select('#', ...), ...)) end print(last(unpack(t)))
local copy = {unpack(t)} print(#copy, copy[4000])
local copy = {0, unpack(t)} print(#copy, copy[4001])
local function pass(...) return ... end print(select('#', pass(pass(unpack(t)))))
local function sum(...) local s = 0 for _, v in ipairs({...}) do s = s + v end return s end print(sum(unpack(t)))
local function arg2(a, b, ...) return b, arg.n, arg[3998] end print(arg2(unpack(t)))
print(pcall(count, unpack(t)))
for i = 1, 17 do t[#t + 1] = i end print(count(unpack(t)))
print(pcall(function() local big = {} for i = 1, 70000 do big[i] = i end return count(unpack(big)) end))
print(pcall(function(...) return select('#', ...) end, unpack(t)))`},

	{"recursion", `
local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end
print(f(100)) print(pcall(f, 1e6)) print(f(100))
local function g(n) if n == 0 then return 'end' end return g(n - 1) end print(g(100000))
local function h(...) return 1 + h(1, ...) end print(pcall(h))
local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) print(pcall(function() return t[1] end))
local t = setmetatable({}, {__call = function(self, n) if n == 0 then return 'called' end return self(n - 1) end}) print(t(1000))
local t = {} for i = 1, 110 do t = setmetatable({}, {__index = t}) end print(pcall(function() return t.x end))
local t = {} setmetatable(t, {__newindex = t}) print(pcall(function() t.x = 1 end))
local t = {} setmetatable(t, {__index = t}) print(pcall(function() return t.x, t[1] end))
local co = setmetatable({}, {__add = function(a, b) return a + b end}) print(pcall(function() return co + co end))
local co = setmetatable({}, {__concat = function(a, b) return a .. b end}) print(pcall(function() return co .. co end))
local co co = setmetatable({}, {__tostring = function() return tostring(co) end}) print(pcall(tostring, co))`},

	{"errors and positions", `
local function try(f, ...) print(pcall(f, ...)) end
try(function() local x = nil
  x.y = 1 end)
try(function() local x = nil return x.y end) try(function() return undefined.y end)
try(function() undefined() end) try(function() local t = {} t.x() end) try(function() local t = {} t:x() end)
try(function() return 1 + nil end) try(function() return {} .. 'x' end) try(function() return 'x' .. {} end)
try(function() return 1 .. nil .. 2 end)
try(function() return #nil end) try(function() return -{} end) try(function() return -'x' end)
try(function() return 1 < 'x' end) try(function() return {} < {} end) try(function() return nil > 1 end)
try(function() return {} <= 1 end) try(function() return 'a' <= 1 end) try(function() return true < false end)
try(function() return print < print end) try(function() return nil <= nil end)
try(function() local t = {} t[nil] = 1 end) try(function() local t = {} t[0/0] = 1 end) try(function() local t = {} t[nil] = nil end)
try(function() return ({})[nil], ({})[0/0] end) try(function() ('x').y.z = 1 end) try(function() ('x').y = 1 end)
try(function() return (1).x end) try(function() return (true)[1] end) try(function() return (print).x end)
try(function() return 'a' + 1 end) try(function() return '1' + 'a' end) try(function() return {} + '1' end) try(function() return '1' % {} end)
try(function() error('text') end) try(function() error('text', 0) end) try(function() error('text', 1) end)
try(function() error('text', 2) end) try(function() error('text', 3) end) try(function() error('text', 99) end)
try(function() error() end) try(function() error(nil) end) try(function() error({}) end) try(function() error(12) end)
try(function() error(true) end) try(function() error(print) end) try(error) try(error, 'x') try(error, nil)
try(nil) try(1) try(print, 1) try(setmetatable({}, {__call = function(self, x) return x end}), 2)
try(function() select(0) end) try(function() select('x') end) try(function() setmetatable(1, {}) end)
try(function() setmetatable({}, 1) end) try(function() ipairs() end) try(function() string.sub() end)
try(function() ('x'):sub({}) end) try(function() string.len(nil) end) try(function() local s = 'x' s:nothing() end)
try(function() for i = 1, 'x' do end end) try(function() for i = 'x', 1 do end end) try(function() for i = 1, 2, {} do end end)
try(function() for i = 1, 10, nil do end end) try(function() for k in 1 do end end) try(function() for k in pairs(nil) do end end)
try(function() for k in {} do end end) try(function() local a = 1 a() end)
try(function() pcall() end) try(function() tostring() end) try(function() rawset({}, nil, 1) end)
local function inner() error('deep', 2) end
local function outer()
  inner() end
try(outer)
local function tail() return inner() end try(tail) try(function() return tail() end) try(function() tail()
 end)
error('at the end')`},

	{"where", `
local function a() return (where()) end
local function b() local x = a()
 return x end
local function c() return b() end
local function d() return c() end
print(a()) print(b()) print(c()) print(d()) print(where())
print((d()))
print(pcall(function() return where(2) end))
local t = setmetatable({}, {__index = function() return where() end, __add = where, __call = where, __lt = function() print(where()) return true end,
 __concat = function() return where() end, __newindex = function() print(where()) end})
print(t.x) print(t + 1) print(t()) print(t < t) print(t .. 'x') t.y = 1
for i, x in function(_, i) if not i then return 1, where() end end do print(x) end
local function tc(n) if n == 0 then return where(12) end return tc(n - 1) end print(tc(3)) print((tc(3)))`},

	{"raised values", `
local e = {code = 1}
local ok, got = pcall(error, e) print(ok, got == e, got.code)
print(select('#', pcall(error)))
local ok, got = pcall(function() pcall(error, 'inner') error(e) end) print(ok, got == e)
print(pcall(pcall, error, 'x')) print(pcall(pcall)) print(pcall(pcall, pcall, pcall, error, 1))
local ok, got = pcall(error, setmetatable({}, {__tostring = function() return 'mine' end})) print(ok, got)
print(pcall(function() local a, b, c = 1, 2, 3 local function f() error(c) end f() end))
local n = 0 for i = 1, 50 do local ok = pcall(function() if i % 3 == 0 then error(i) end n = n + 1 end) if not ok then n = n + 100 end end print(n)
print(pcall(function() return 1, 2, pcall(function() return 3, 4, pcall(error, 5) end) end))
print(pcall(select, 2, 'a', 'b', 'c')) error(e)`},

	{"closures", `
local fs = {} for i = 1, 3 do local j = i * 10 fs[i] = {get = function() return i, j end, set = function(x, y) i, j = x, y end} end
fs[1].set('a', 'b') for i = 1, 3 do print(fs[i].get()) end
local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc, get = counter() inc() inc() print(get()) local inc2, get2 = counter() inc2() print(get(), get2())
local a, b do local x = 1 a, b = function() x = x + 1 return x end, function() return x end end a() print(b())
local x = 1 local function up() return function() return function() x = x + 1 return x end end end print(up()()(), x)
local gs = {} local i = 1 while i < 4 do local k = i gs[i] = function() k = k + 1 return k end i = i + 1 end print(gs[1](), gs[1](), gs[2](), gs[3]())
local hs = {} for k, v in pairs({x = 1, y = 2}) do hs[#hs + 1] = function() v = v + 1 return k, v end end for _, h in ipairs(hs) do print(h()) print(h()) end
local rs = {} repeat local z = #rs rs[#rs + 1] = function() return z end until z == 2 print(rs[1](), rs[2](), rs[3]())
for i = 1, 3 do local q = i if i == 2 then fs.q = function() q = q + 1 return q end break end end print(fs.q(), fs.q())
local function shadow(a) local f = function() return a end local a = a + 1 return f, function() return a end end local f, g = shadow(1) print(f(), g())
local function params(a, b, ...) local function set() a, b = b, a end set() return a, b, ... end print(params(1, 2, 3))
local function rec(n) local v = n local f = function() return v end if n > 0 then local below = rec(n - 1) return function() return v + below() end end return f end print(rec(10)())
local t = {} for i = 1, 5 do local c = i t[i] = function() c = c + 1 return c end if i % 2 == 0 then goto skip end t[i]() ::skip:: end for i = 1, 5 do print(t[i]()) end
local function tailed(n) local v = n local f = function() v = v + 1 return v end return (function(g) return g() + g() end)(f) end print(tailed(1))
local function grow(n) local keep = n local read = function() return keep end local function down(k) if k == 0 then return 0 end return 1 + down(k - 1) end down(150) keep = keep + 1 return read() end print(grow(1))
local function wide() local v = 0 local add = function(...) v = v + select('#', ...) end local big = {} for i = 1, 3000 do big[i] = i end add(unpack(big)) return v end print(wide())`},

	{"pairs", `
local function all(t) for k, v in pairs(t) do print(k, v) end end
all({}) all({1, 2, 3}) all({1, nil, 3}) all({nil, nil, 3, n = 1}) all({x = 1, y = 2, 1, 2, z = 3})
local t = {} t.b = 1 t.a = 2 t[1] = 3 t.c = 4 t[true] = 5 t[1.5] = 6 t[-1] = 7 t[0] = 8 all(t)
t.a = nil t.d = 9 t.a = 10 t[true] = nil t[false] = 11 t[true] = 12 all(t)
for k in pairs(t) do t[k] = nil end all(t) t.z = 1 t.b = 2 all(t)
local t = {a = 1, b = 2, c = 3, 1, 2, 3} for k, v in pairs(t) do if type(k) == 'string' then t[k] = nil end end all(t)
local t = {} for i = 1, 20 do t['k' .. i] = i end for k, v in pairs(t) do if v % 2 == 0 then t[k] = nil end end all(t)
for i = 20, 1, -1 do t['k' .. i] = -i end all(t)
local t = {1, 2, 3, 4, 5, x = 1} for k in pairs(t) do t[k] = nil end print(#t, next(t)) t[1] = 1 all(t)
local t = {1, 2, 3, x = 1, y = 2, z = 3} for k, v in pairs(t) do print(k, v) table.remove(t) end all(t)
local t = {1, 2, 3, 4} for k, v in pairs(t) do print(k, v) if k == 2 then table.remove(t, 1) end end
local t = {x = 1} for k, v in pairs(t) do t.y = 2 t.z = 3 print(k, v) end
local t = {1} for k, v in pairs(t) do if #t < 5 then t[#t + 1] = #t end print(k, v) end
local t = {1, 2} for k, v in ipairs(t) do if #t < 5 then t[#t + 1] = #t end print(k, v) end
for i, v in ipairs({1, 2, nil, 4}) do print(i, v) end for i in ipairs({nil, 1}) do print(i) end
local t = setmetatable({}, {__index = {1, 2, 3}}) for i, v in ipairs(t) do print(i, v) end print(#t)
for k, v, extra, more in pairs({1, x = 2}) do print(k, v, extra, more) end
for i, v, extra in ipairs({1, 2}) do print(i, v, extra) end
for k, v in pairs({x = false, y = 1}) do print(k, v) end`},

	{"next", `
print(next({})) print(next({}, nil)) print(next({1, 2}, 1)) print(next({1, 2}, 2)) print(next({x = 1}, 'x')) print(next({1, x = 2}, 1))
print(select('#', next({})), select('#', next({}, nil)))
local t = {1, 2, 3, x = 1, y = 2} print(next(t, 3)) print(next(t, 2.0))
t.x = nil print(next(t, 'x')) print(next(t, 3)) t[2] = nil print(next(t, 1)) print(next(t, 2)) t[3] = nil print(next(t, 1))
print(next({[0] = 1, [-1] = 2}, 0)) print(next({nil, nil, 3})) print(next({nil, nil}))
local next, pairs = next, pairs local f, s, c = pairs({1, x = 2}) print(type(f), c) print(f(s)) print(f(s, 1)) print(f(s, 'x')) print(select('#', f(s, 'x')))
local g, s, c = ipairs({7, 8}) print(c) print(g(s, 0)) print(g(s, 1)) print(g(s, 2)) print(select('#', g(s, 2))) print(g(s, -5)) print(g(s, 0.9)) print(pcall(g, s)) print(pcall(g)) print(pcall(f, 1))
for k, v in f, {1, 2, y = 3}, nil do print(k, v) end for k, v in g, {5, 6}, 1 do print(k, v) end for k, v in next, {1, z = 2}, 1 do print(k, v) end
print(pcall(function() for k in f, 1, nil do end end)) print(pcall(function() for k in g, {}, 'x' do end end)) print(pcall(function() for k in g, {1}, nil do end end))`},

	{"length and holes", `
print(#{}, #{1, 2}, #{1, nil, 3}, #{nil}, #{nil, nil, 3}, #{n = 1}, #{1, 2, nil}, #{nil, 2, nil})
local t = {1, 2, 3} t[3] = nil print(#t) t[1] = nil print(#t) t[5] = 5 print(#t) t[5] = nil print(#t) t[2] = nil print(#t)
t[10] = 1 print(#t) t[10] = nil print(#t, next(t)) t[3] = 1 print(#t) t[4] = nil print(#t)
local t = {} t[2] = 2 print(#t) t[1] = 1 print(#t) t[4] = 4 print(#t)
local t = {10, 20, 30, nil} print(#t) t[#t + 1] = 40 print(#t, t[4])
local t = {nil, nil} t[#t + 1] = 'x' print(#t, t[1], t[3])
local t = {} for i = 1, 10 do t[i] = i end for i = 1, 9 do t[i] = nil end print(#t) t[10] = nil print(#t)`},

	{"insert and remove", `
local function all(t) local s = '' for i = 1, 12 do s = s .. tostring(t[i]) .. ' ' end print(#t, s) end
local t = {} table.insert(t, 1) table.insert(t, 1, 0) table.insert(t, 3, 2) all(t) table.insert(t, 6, 6) all(t) table.insert(t, 2, 'x') all(t)
table.insert(t, 0, 'zero') table.insert(t, -1, 'minus') print(t[0], t[-1]) all(t) table.insert(t, nil) all(t)
print(table.remove(t)) all(t) print(table.remove(t, 1)) all(t) print(table.remove(t, 2)) print(table.remove(t, 99)) print(table.remove(t, 0)) print(table.remove(t, -3)) all(t)
print(table.remove({})) print(table.remove({}, 1)) print(table.remove({x = 1}))
local t = {1, 2, 3} t[3] = nil print(table.remove(t)) all(t) table.insert(t, 'a') all(t) table.insert(t, 'b') all(t)
local t = {1, nil, nil, nil} table.insert(t, 2) all(t) table.insert(t, 1, 0) all(t) print(table.remove(t, 1)) all(t)
local t = {nil, nil} table.insert(t, 'x') all(t) table.insert(t, 2, 'y') all(t) print(table.remove(t, 1)) all(t)
local t = {1, 2, 3} table.insert(t, 2, nil) all(t) table.insert(t, 1.9, 'f') all(t) print(pcall(table.insert, t)) print(pcall(table.insert, t, 'x', 1)) print(pcall(table.insert, t, 1, 2, 3)) all(t)
print(pcall(table.insert)) print(pcall(table.remove)) print(pcall(table.remove, t, 'x')) print(pcall(table.insert, nil, 1))
for i = 1, 100 do table.insert(t, 1, i) end for i = 1, 50 do table.remove(t, 2) end print(#t, t[1], t[2], t[50])`},

	{"keys", `
local t = {} t[1] = 'i' print(t[1.0], t['1'], t[1e0]) t[1.5] = 'f' print(t[1.5], t[3 / 2]) t['1'] = 's' print(t[1], t['1'])
t[-0] = 'zero' print(t[0], t[-0], t[0 * -1]) t[0] = nil print(t[-0]) t[2^53] = 'big' print(t[2^53], t[2^53 + 1]) t[1/0] = 'inf' t[-1/0] = '-inf' print(t[1/0], t[-1/0])
print(t[0/0]) t[true] = 1 t[false] = 2 print(t[true], t[false], t[nil]) local k = {} t[k] = 'table' t[print] = 'function' print(t[k], t[print], t[{}]) t[''] = 'empty' print(t[''])
for i = 1, 12 do t[i / 8] = i end local s = 0 for k, v in pairs(t) do s = s + 1 end print(s)
local t = {[1] = 'a', [2] = 'b', 'c'} print(t[1], t[2], #t) local t = {'c', [1] = 'a'} print(t[1]) local t = {x = 1, x = 2} print(t.x) local t = {[1] = nil, [2] = 2} print(#t)
local t = {} for i = 1, 100 do t['key' .. i] = i t[i + 0.5] = i t[-i] = i end local n, s = 0, 0 for k, v in pairs(t) do n, s = n + 1, s + v end print(n, s)
for i = 1, 100 do if t['key' .. i] ~= i or t[i + 0.5] ~= i or t[-i] ~= i then print('lost', i) end end
local t = {} t['a\0b'] = 1 t['a'] = 2 t['a\0'] = 3 print(t['a\0b'], t.a, t['a\0'])
local t = {[-0] = 1} for k in pairs(t) do print(1 / k) end t[0] = 2 for k in pairs(t) do print(1 / k) end`},

	{"numbers as text", `
print(1, -1, 0, -0, 1.5, 1e15, 1e16, 1e100, 2^53, 2^63, -2^63, 2^64, 1/0, -1/0, 0/0, 0.1, 1/3, 1e-7, 123456789012, 1e21, 5e-324)
print(1 .. '', 1.0 .. '', -0 .. '', 2^53 .. '', 1e100 .. '', 1/3 .. '') print(0x10, 0xff, 1e2, .5, 3., 0xA)
print('10' + 1, '0x10' + 0, ' 5 ' * 2, '1e2' + 0, '-3' % 2, '2' ^ '3', -'4', 10 .. 20) print(pcall(function() return '1 2' + 0 end)) print(pcall(function() return '' + 0 end))
print('0b11' + 0, '0o17' + 0, '1_000' + 0, 'inf' + 0, 'nan' + 0, '1e400' == 1, '017' + 0) print(pcall(function() return '1e400' + 0 end)) print(pcall(function() return '\v1' + 0 end))
print('10' == 10, '10' < '9', 'a' < 'b', 'a' < 'B', '' < 'a', 'a\0b' < 'a\0c', 'a' < 'a\0', '\255' > 'a', 'ab' <= 'ab', 'b' >= 'ab')`},

	{"arithmetic", `
print(5 % 3, -5 % 3, 5 % -3, -5 % -3, 5.5 % 2, -5.5 % 2, 5 % 0, 0 % 5, 5 % (1/0), -5 % (1/0), (1/0) % 5, 2^53 % 3, -2^53 % 3, 1e300 % 7, 5 % 2.5, 1e15 % 1e-3)
print(2^0.5, (-8)^(1/3), 0^0, 2^-1, 10 / 4, 1 / 0 > 1e308, 7 - 10, 3 * -4)
local z, one = 0, 1 print(1 / (z * -1), 1 / (-z), 1 / (z / -5), 1 / (-z + 0), 1 / (-z - z), 1 / (-z % 3), 1 / (z % -3), 1 / (-one % one), 1 / ((-z) ^ 1), 1 / ('0' * -1), 1 / -'0')
for i = -z, 0 do print(1 / i) end for i = -1, -z do print(1 / i) end for i = 1, -z, -1 do print(1 / i) end
local nan = 0/0 print(nan == nan, nan ~= nan, nan < 1, nan > 1, nan <= nan, not (nan > 1)) local t = {nan} print(t[1] == t[1], rawequal(nan, nan)) local x = nan print(x == x)
print(1 == 1.0, '1' == 1, true == 1, nil == false, {} == {}, print == print, 'a' == 'a', 0 == -0) print(not nil, not 0, not '', nil and 1, false or nil, 1 and 2, nil or 'x', false == nil)
print(1 < 2, 2 <= 2, 1 > 2, 2 >= 3, -1 < -0) print(2^3^2, -2^2, not 1 == 2, 1 .. 2 == '12', 2 * 3 % 4, #'abc' + 1)`},

	{"loops", `
for i = 1, 3 do print(i) end for i = 3, 1, -1 do print(i) end for i = 1, 0 do print(i) end for i = 1, 2, 0.5 do print(i) end for i = 0.1, 0.35, 0.1 do print(i) end
for i = 1, 1/0 do if i > 3 then break end print(i) end for i = 1, 0/0 do print('nan') end for i = 0/0, 1 do print('nan') end for i = 1, 3, 0/0 do print('nan step') break end
local n = 0 for i = 1, 3, 0 do n = n + 1 if n > 3 then break end print('step 0', i) end for i = 3, 1, 0 do n = n + 1 if n > 10 then break end end print(n)
for i = -1, -3, -1 do print(i) end for i = 2^53, 2^53 + 2 do print(i) n = n + 1 if n > 20 then break end end for i = 1, 3 do local j = i i = 10 print(i, j) end
for i = 1, 3 do for j = i, 3 do if j == 2 then goto out end print(i, j) end ::out:: end
do local i = 1 ::top:: if i <= 3 then print(i) i = i + 1 goto top end end while true do if n > 30 then break end n = n + 5 end print(n) repeat local done = n > 40 n = n + 5 until done print(n)
for i = 1, 2 do local f = function() return i end i = i * 10 print(f()) end local i = 'outer' for i = 1, 1 do end print(i)
for w in (function() local n = 0 return function() n = n + 1 if n < 4 then return n end end end)() do print(w) end
for a, b, c, d, e in (function(s, c) c = c or 0 if c < 2 then return c + 1, 'b', nil, 'd' end end) do print(a, b, c, d, e) end
for k, v in setmetatable({}, {__call = function(self, s, c) c = (c or 0) + 1 if c < 3 then return c, s end end}), 'state', nil do print(k, v) end
for x in function() return nil end do print('never') end for x in function() end do print('never') end for x in function(s, c) if c == nil then return false end end, nil, nil do print(x) end`},

	{"metamethods", `
local log = {} local function m(name, result) return function(...) print(name, select('#', ...)) return result end end
local mt = {} for _, e in ipairs({'add', 'sub', 'mul', 'div', 'mod', 'pow', 'unm', 'concat', 'eq', 'lt', 'le', 'call', 'len'}) do mt['__' .. e] = m(e, e) end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
print(a + 1, 1 + a, a - b, a * 2, 2 / a, a % a, a ^ 2, -a, a .. 'x', 'x' .. a, 1 .. a, a == b, a ~= b, a < b, a <= b, a > b, a >= b, a(1, 2), #a)
print(a == 1, 1 == a, a == a, pcall(function() return a < 1 end)) print(a .. b .. 'x' .. 1 .. a) print(1 .. 2 .. a .. 3 .. 4)
print('10' + a, nil == a, rawequal(a, b)) local c = setmetatable({}, {__eq = mt.__eq}) print(a == c, c == a) local d = setmetatable({}, {__eq = m('other', true)}) print(a == d)
local lt = setmetatable({}, {__lt = function(x, y) return nil end}) print(lt < lt, lt <= lt, lt > lt, lt >= lt) local five = setmetatable({}, {__add = 5, __call = 5, __concat = 5, __unm = 5, __len = 5, __lt = 5, __index = 5})
print(pcall(function() return five + 1 end)) print(pcall(function() return five() end)) print(pcall(function() return five .. 'x' end)) print(pcall(function() return -five end)) print(#five) print(pcall(function() return five < five end)) print(pcall(function() return five.x end))
print(pcall(function() return 1 + five, '2' + five end)) local two = setmetatable({}, {__add = function() return 1, 2 end, __index = function() return 1, 2 end, __call = function() return 1, 2 end}) print(two + 1, two.x) print(two.x, (two())) print(two())
print(#setmetatable({1, 2}, {__len = function() return 'text' end}), #setmetatable({1, 2}, {__len = function() return nil end}), #setmetatable({}, {__len = function(t) return rawget(t, 'n') end}))
print(getmetatable('x').__index == string, ('abc'):len(), ('abc').len, #'abc', pcall(function() return ('x'):nope() end)) print(setmetatable({}, {__metatable = 'locked'}) and getmetatable(setmetatable({}, {__metatable = 'locked'})), pcall(setmetatable, setmetatable({}, {__metatable = 1}), {})) print(getmetatable(1), getmetatable({}))
print(tostring(setmetatable({}, {__tostring = function() return 'me' end})), tostring(setmetatable({}, {__tostring = function() return 5 end})), pcall(tostring, setmetatable({}, {__tostring = function() error('no') end})), tostring(setmetatable({}, {__tostring = 1})) == nil)`},

	{"calls of what is no function", `
local c = setmetatable({}, {__call = function(self, ...) return select('#', ...), ... end})
print(c()) print(c(1, 2)) print((c(nil))) local t = {c = c} print(t.c(1)) print(t:c(1)) print(pcall(c, 1, 2)) local function tail(...) return c(...) end print(tail(1, 2, 3)) print((tail()))
local d = setmetatable({}, {__call = c}) print(pcall(d, 1)) print(pcall(function() return d(1) end)) for a, b, x in c, 1, 2 do print(a, b, x) break end
print(select('#', c(c(c())))) local g = setmetatable({}, {__call = print}) g(1, 2) local function tg() return g('tail') end tg() print(pcall(g, 1))
local many = {} for i = 1, 300 do many[i] = i end print((c(unpack(many)))) local a, b = 1, c(2) print(a, b) local s = setmetatable({}, {__call = select}) print(pcall(s, 1))`},

	{"index and newindex", `
local function all(t) for k, v in pairs(t) do print(k, v) end end
local base = {x = 1, f = function(self) return self.y end} local d = setmetatable({y = 2}, {__index = base}) print(d.x, d.y, d.z, d:f(), d[1])
for i = 1, 3 do print(d.x, d.w) if i == 1 then base.w = 'new' elseif i == 2 then base.w = nil base.x = nil d.x = 'own' end end d.x = nil print(d.x) base.x = 'again' print(d.x)
local log = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v and v * 2) end, __index = function(t, k) return k end}) for i = 1, 3 do log.a = i print(log.a, log.b) end log.a = nil print(log.a) log.a = 7 print(log.a) log[1] = 5 log[1] = 6 print(log[1], log[2]) log.n = nil print(rawget(log, 'n'))
local store = {} local p = setmetatable({}, {__newindex = store}) for i = 1, 2 do p.x = i p[i] = i print(rawget(p, 'x'), store.x, store[i]) end rawset(p, 'x', 0) p.x = 9 print(p.x, store.x) p.x = nil p.x = 10 print(p.x, store.x)
local chain = setmetatable({}, {__index = setmetatable({}, {__index = setmetatable({deep = 1}, {__index = function(t, k) return k .. '!' end})})}) print(chain.deep, chain.other, chain[1])
local s = setmetatable({}, {__index = 'text'}) print(s.len, pcall(function() return s.x.y end)) local u = setmetatable({}, {__newindex = 'text'}) print(pcall(function() u.x = 1 end))
local late = {} local function get() return late.x end local function set(v) late.x = v end print(get()) set(1) print(get()) set(nil) setmetatable(late, {__index = {x = 'inherited'}, __newindex = function(t, k, v) print('newindex', k, v) end}) print(get()) set(2) print(get()) setmetatable(late, nil) set(3) print(get()) setmetatable(late, {__newindex = function() print('no') end}) set(4) print(get()) set(nil) set(5) print(get())
local keyed = {} local function kset(t, k, v) t[k] = v end kset(keyed, 1, 'a') kset(keyed, 'x', 'b') setmetatable(keyed, {__newindex = function(t, k, v) rawset(t, k, '<' .. v .. '>') end}) kset(keyed, 1, 'c') kset(keyed, 2, 'd') kset(keyed, 'x', 'e') kset(keyed, 'y', 'f') kset(keyed, true, 'g') all(keyed)
local mt = {} local o = setmetatable({}, mt) print(o.x) mt.__index = {x = 1} print(o.x) mt.__index = function() return 2 end print(o.x) mt.__index = nil print(o.x) local mk = '__in' .. 'dex' mt[mk] = {x = 3} print(o.x) for i = 1, 20 do mt['f' .. i] = i end print(o.x) mt.__index = nil print(o.x) mt.__newindex = function(t, k, v) rawset(t, k, v + 1) end o.x = 1 print(o.x)
print(rawget(o, 'x'), rawset(o, 'y', 2) == nil, rawequal(o, o), o.y) local self = setmetatable({}, {}) getmetatable(self).__index = self print(pcall(function() return self.x end))`},

	{"environments", `
local function f() return x, y end x, y = 1, 2 print(f()) setfenv(f, {x = 'own'}) print(f()) setfenv(f, setmetatable({}, {__index = function(t, k) return k end})) print(f()) setfenv(f, _G) print(f())
local function g(v) z = v return z end print(g(1), z) local e = {} setfenv(g, e) print(g(2), z, e.z) setfenv(g, setmetatable({}, {__newindex = e})) print(g(3), e.z) print(getfenv(g) ~= _G, getfenv(f) == _G)
local function h() setfenv(1, {print = print}) local function inner() return x end print(inner(), x) end h() print(x) for i = 1, 3 do if i == 2 then setfenv(f, {}) end print(f()) end
local function k() return a, b, c, d end for _, env in ipairs({{a = 1, b = 2}, {b = 1, a = 2}, {}, {a = 1, b = 2, c = 3}, {d = 1}, setmetatable({c = 1}, {__index = {a = 5}})}) do setfenv(k, env) print(k()) print(k()) end
print(pcall(setfenv, print, {})) _G.dynamic = 5 print(dynamic) dynamic = nil print(rawget(_G, 'dynamic')) for i = 1, 3 do _G['v' .. i] = i end print(v1, v2, v3) v2 = nil print(v1, v2, v3) setmetatable(_G, {__index = function(t, k) return 'no ' .. k end, __newindex = function(t, k, v) rawset(t, k, v) print('set', k) end}) print(unknown) fresh = 1 fresh = 2 print(fresh) setmetatable(_G, nil) print(unknown)`},

	{"fields at places", `
local function all(t) for k, v in pairs(t) do print(k, v) end end local function get(t) return t.a, t.b, t.c end local function set(t, v) t.a = v t.b = v t.c = v end
local shapes = {{a = 1, b = 2, c = 3}, {c = 1, b = 2, a = 3}, {b = 1}, {}, {a = 1, x = 5}, setmetatable({}, {__index = {a = 'i', b = 'j'}})} for _ = 1, 2 do for _, t in ipairs(shapes) do print(get(t)) end for i, t in ipairs(shapes) do set(t, i) all(t) end for _, t in ipairs(shapes) do t.b = nil end end
local t = {} for i = 1, 3 do t.a = i t.b = i t.a = nil t.c = i all(t) t.b = nil all(t) t.a = i t.b = nil end all(t) local function make(x) local o = {} o.x = x o.y = x if x > 1 then o.z = x end return o end for i = 1, 3 do all(make(i)) end
local wide = {} for i = 1, 200 do wide['f' .. i] = i end wide.f1 = 'one' wide.f200 = nil wide.extra = 1 local n = 0 for k, v in pairs(wide) do n = n + 1 if n < 3 or n > 198 then print(k, v) end end print(n, wide.f1, wide.f199, wide.f200, wide.extra)
local h = {a = 1} for i = 1, 3 do print(h.a, h.b) h.a = i if i == 1 then h['dyn' .. i] = 1 end h.b = i end all(h) local h = {a = 1} for i = 1, 4 do h.a = i h.q = i if i == 2 then h[true] = 1 end if i == 3 then h.a = nil end end all(h)
local function ctor(v) return {a = v, b = v, v} end local p, q = ctor(1), ctor(nil) all(p) all(q) q.a = 1 all(q) q.b = 2 all(q) local r = {a = nil, b = 1} r.a = 2 all(r)
local same = {x = 1, y = 2} local other = {x = 1, y = 2} same.x = nil other.x = nil same.z = 1 other.z = 2 all(same) all(other) same.x = 5 all(same) all(other)
local o = {} function o:m() return self.v end function o.s(v) return v end o.v = 1 print(o:m(), o.s(2)) o.m = nil print(pcall(function() return o:m() end)) setmetatable(o, {__index = {m = function() return 'inherited' end}}) print(o:m()) o.m = function() return 'own' end print(o:m())
for _, v in ipairs({{len = function() return 'table' end}, 'text', {len = function() return 'other' end, x = 1}, 'more'}) do print(v:len()) end for _, v in ipairs({{x = 1}, 5, 'x', false}) do print(pcall(function() return v.x end)) end
local function name(t) return t.__index, t.__add end print(name({__index = 1})) local mt = {} for i = 1, 125 do mt['k' .. i] = i end mt.__index = function() return 'late' end mt.__add = function() return 'sum' end print(setmetatable({}, mt).x, setmetatable({}, mt) + 1)`},

	{"goto", `
for i = 1, 5 do if i % 2 == 0 then goto continue end print(i) ::continue:: end
do goto skip print('skipped') ::skip:: end do local i = 0 ::again:: i = i + 1 if i < 3 then goto again end print(i) end
local fs = {} do local i = 1 ::loop:: local x = i * 2 fs[i] = function() x = x + 1 return x end i = i + 1 if i < 4 then goto loop end end print(fs[1](), fs[1](), fs[2](), fs[3]())
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto next_i end print(i, j) end ::next_i:: end while true do do goto done end end ::done:: print('done')`},

	{"assignment", `
local a, b, c = 1, 2 print(a, b, c) a, b = b, a print(a, b) local t = {1, 2} local i = 1 i, t[i] = i + 1, 20 print(i, t[1], t[2]) t.x, t.y, t.z = (function() return 1, 2, 3 end)() print(t.x, t.y, t.z) a, b, c = 0, (function() return 1, 2 end)() print(a, b, c)
local x, y = {}, {} x.n, y.n, x, y = 1, 2, y, x print(x.n, y.n) a, a = 1, 2 print(a) local s = 'x' s, s = s .. 1, s .. 2 print(s) local f = function() return nil end local p, q = f() print(p, q) do local a = a print(a) local a = 5 print(a) end print(a) local function v(...) local a, b = ..., 'last' return a, b end print(v(1, 2))
t[1], t[2], t[3] = t[2], t[1] print(t[1], t[2], t[3]) local k = 'dyn' t[k], k = k, 'other' print(t.dyn, k) local long = {n = {n = {n = {n = 'deep'}}}} print(long.n.n.n.n) long.n.n.n.n, long.n.n.n.m = 1, 2 print(long.n.n.n.n, long.n.n.n.m)`},

	{"logic", `
local function side(x) print('side', x) return x end print(side(nil) and side(1), side(false) or side(2), side(1) and side(nil) or side(3)) print(nil and nil, false and nil, nil or false) local a = nil local b = a and a.b or 'none' print(b) if not (a and b) or side(false) then print('yes') end
print((side(1) == 1) and 'eq' or 'ne', not side(nil) == true) local x = 1 < 2 and 2 < 3 print(x, 1 < 2 == true, not (1 > 2)) local t = {side(1) and side(2), (side(false))} print(#t, t[1], t[2]) while side(nil) or false do end local n = 0 while n < 3 and side(n) do n = n + 1 end repeat n = n - 1 until n < 1 or not side(n) print(n)
if side(0) then print('0 is true') end if '' then print('empty is true') end print(x and nil, x or nil, a == nil and 'nil', (nil == false)) local y = a or side(false) or nil print(y) return side(1) and side(nil)`},

	{"concatenation", `
print('a' .. 'b' .. 'c', 1 .. 2, 'x' .. 1.5 .. -0 .. 1e100, '' .. '', ('a'):len() .. 'b') local s = '' for i = 1, 20 do s = s .. i .. ',' end print(s) local t = setmetatable({}, {__concat = function(a, b) return (type(a) == 'table' and 'T' or a) .. '|' .. (type(b) == 'table' and 'T' or b) end})
print(t .. 'x', 'x' .. t, t .. t, 1 .. t .. 2, 'a' .. 'b' .. t .. 'c' .. 'd', t .. 'a' .. 'b') local u = setmetatable({}, {__concat = function() return t end}) print(pcall(function() return u .. 'x' .. 'y' == t end), u .. 'x' == t, 'a' .. (u .. 'b')) print(pcall(function() return 'a' .. nil .. 'b' end)) print(pcall(function() return 'a' .. {} end)) print(pcall(function() return true .. 'a' end)) print(pcall(function() return print .. 'a' end))
local long = 'x' for i = 1, 10 do long = long .. long end print(#long) print(#(long .. long .. long .. long .. long .. long .. long .. long .. long .. long .. long)) local function many(...) local a, b, c = ... return a .. b .. c end print(many('x', 2, 'z')) print(pcall(many, 'x'))`},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { checkAlike(t, c.source, everyWay...) })
	}
}

func TestPlacesBeyondTheList(t *testing.T) {
	checkAlike(t, fmt.Sprintf(`
local max = %d
local t = {} t[max] = 'at' t[max + 1] = 'behind' print(#t, t[max], t[max + 1], next(t)) t[max] = nil print(next(t)) print(next(t, max)) t[max + 1] = nil print(next(t, max + 1))
local t = {1, 2} t[2^40] = 1 t[-2^40] = 2 for k, v in pairs(t) do print(k, v) end table.insert(t, max, 5) table.insert(t, max + 5, 6) print(#t, t[max], t[max + 5]) print(table.remove(t, max))
local t = {} t[max - 1] = 'last' print(#t, t[max - 1], next(t)) t[max] = 'hash' print(#t) t[max - 1] = nil print(#t, next(t))`, glua.MaxArrayIndex), way{})
}

func checkAlike(t *testing.T, source string, ways ...way) {
	t.Helper()
	difference, usable := compare(source, ways...)
	if !usable {
		t.Fatal("gopher-lua does not run the program")
	}
	if difference != "" {
		t.Error(difference)
	}
}

// Programs of which gopher-lua's compiler makes the rarer forms of its instructions.
func TestLargeFunctions(t *testing.T) {
	list := func(n int, item string) string {
		var items []string
		for i := range n {
			items = append(items, strings.ReplaceAll(item, "#", fmt.Sprint(i+1)))
		}
		return strings.Join(items, ", ")
	}
	lines := func(n int, line string) string { return strings.ReplaceAll(list(n, line+"\n"), ", ", "") }
	sources := map[string]string{
		"moves":                "local a, b, c, d = 1, 2, 3, 4 local e, f, g, h = d, c, b, a print(e, f, g, h) a, b, c, d = e, f, g, h print(a, b, c, d)",
		"511 batches":          "local t = {" + list(50*511, "7") + "} print(#t, t[1], t[25550])",
		"batches and a call":   "local t = {" + list(150, "#") + ", (function() return 'a', 'b' end)()} print(#t, t[151], t[152])",
		"batches and nils":     "local t = {" + list(120, "nil") + ", 1} print(#t, t[121]) local u = {" + list(120, "nil") + "} print(#u) u[#u + 1] = 5 print(u[1])",
		"batches and keys":     "local t = {" + list(120, "[#] = -#, #, k# = #") + "} print(#t, t[1], t[120], t.k120)",
		"constants":            "local t = {} " + lines(400, "t.k# = 'v#' .. # t[#.5] = 'k#' ") + lines(400, "if t.k# ~= 'v#' .. # or t[#.5] ~= 'k#' then print(#) end ") + "print(t.k400, t[400.5]) for k, v in pairs(t) do print(k, v) end",
		"constant operands":    "local x = 1 " + lines(300, "x = x + #.25 - 0.25 if x == #.125 then print(x) end x = x % 100003 ") + "print(x) print(1 < x, x < 300.75, 'abc300' == x)",
		"methods by constants": "local o = {} " + lines(300, "function o:m#(x) return x + # end ") + "local s = 0 " + lines(300, "s = s + o:m#(1) ") + "print(s, o:m300(2)) print(pcall(function() return o:m301() end))",
		"globals by constants": lines(300, "g# = # ") + "local s = 0 " + lines(300, "s = s + g# ") + "print(s, g300)",
		"locals":               "local " + list(190, "v#") + " = " + list(190, "#") + " print(v1, v2, v189, v190) local function f() return v1 + v190 end v190 = 5 print(f())",
		"parameters":           "local function f(" + list(150, "p#") + ") return p1, p150 end print(f(" + list(150, "#") + ")) print(f(1)) print(f(" + list(190, "#") + "))",
		"upvalues":             "local " + list(100, "v#") + " = " + list(100, "#") + " local function f() " + lines(100, "v# = v# + 1 ") + "return " + list(100, "v#") + " end print(f()) print(v1, v100)",
		"arguments":            "print(select('#', " + list(180, "#") + "))",
		"results":              "local function f() return " + list(180, "#") + " end print(f()) local " + list(180, "v#") + " = f() print(v180) print(select('#', f(), f()))",
		"deep expressions":     "print(" + strings.Repeat("(1 + ", 150) + "1" + strings.Repeat(")", 150) + ")",
		"long concatenation":   "print(#(" + strings.ReplaceAll(list(180, "'x#'"), ", ", " .. ") + "))",
		"many fields":          "local t = {" + list(300, "f# = #") + "} local n = 0 for k, v in pairs(t) do n = n + v print(k) end print(n) t.f5 = nil t.f301 = 1 print(t.f300, t.f5, next(t, 'f300'))",
		"long jumps":           "local n = 0 for i = 1, 3 do if i == 2 then " + lines(2000, "n = n + # ") + " else " + lines(2000, "n = n - 1 ") + " end end print(n)",
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) { checkAlike(t, source, everyWay...) })
	}
}

// deviations are where ours differs on purpose.
var deviations = []struct {
	name, reason, source, gopher, ours string
	way                                way
}{
	{
		name: "variables after an error", reason: "an error in a pcall on the same stack takes the variables of running functions from their closures",
		source: "local n = 1 local function get() return n end pcall(error) n = 2 print(get())",
		gopher: "1 \n", ours: "2 \n",
	},
	{
		name: "registers of a loop", reason: "the compiler leaves missing expressions of a loop as whatever is in their registers",
		source: "do local a, b, c, d, e = 11, 12, 13, 14, 15 end for x in function(...) print(...) end do end",
		gopher: "12 13 \n", ours: "nil nil \n",
	},
	{
		name: "next of what the table does not have", reason: "it goes on with the second field as if the key were the first",
		source: "print(next({x = 1, y = 2}, 'z'))",
		gopher: "y 2 \n", ours: "nil \n",
	},
	{
		name: "places of removed fields", reason: "it keeps the places of all keys there ever were, and so their memory",
		source: `local t, k = {}, 'k' for i = 1, 64 do t[k .. i] = i t[k .. i] = nil end
t.last = 1 for i = 65, 200 do t[k .. i] = i t[k .. i] = nil end t[k .. 1] = 2 for k in pairs(t) do print(k) end`,
		gopher: "k1 \nlast \n", ours: "last \nk1 \n",
	},
}

// gopher-lua's compiler forgets which batch of a list's items it is from the 512th on, and
// puts them before the list.
func TestListBeyondTheBatchesOfGopherLua(t *testing.T) {
	items := strings.Repeat("{}, {0, 0}, 7, 'x', ", 50*600/4)
	source := "local t, n = {" + items + "5, (function() return 8, 9 end)()}, 0 for i = 1, #t, 4 do if t[i + 2] ~= 7 then n = n + 1 end end print(#t, n, t[30000], t[30001], t[30003], next(t, 30003))"
	if got := runOurs(compile(t, source), way{}).text; got != "30003 1 x 5 9 nil \n" {
		t.Errorf("got %q", got)
	}
}

// gopher-lua ends the process where a tail call finds no room for its arguments.
func TestTailCallsWithMoreAndMoreArguments(t *testing.T) {
	source := "local function f(a, ...)\n return f(" + strings.Repeat("a, ", 100) + "...) end print(pcall(f, 1)) print(pcall(f, 1))"
	want := strings.Repeat("false test.lua:2: registry overflow \n", 2)
	for _, w := range everyWay {
		if got := runOurs(compile(t, source), w).text; got != want {
			t.Errorf("%+v: got %q", w, got)
		}
	}
}

func TestDeviations(t *testing.T) {
	for _, d := range deviations {
		t.Run(d.name, func(t *testing.T) {
			if got, ok := runGopher(d.source, d.way); !ok || got.text != d.gopher {
				t.Errorf("gopher-lua prints %q, not %q: is there still a reason to differ (%s)?", got.text, d.gopher, d.reason)
			}
			if got := runOurs(compile(t, d.source), d.way); got.text != d.ours {
				t.Errorf("ours prints %q, not %q", got.text, d.ours)
			}
		})
	}
}

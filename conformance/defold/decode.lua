-- Reads the story with the decoders of the Defold SDK.
-- Usage: luajit decode.lua STORY SDK_DIR; what it prints is in conformance/README.md.
local story, sdk = arg[1], arg[2]
local here = arg[0]:match('^(.*)/[^/]*$') or '.'
package.path = table.concat({ sdk .. '/?.lua', sdk .. '/?/init.lua', here .. '/?.lua', package.path }, ';')
_G.bit = _G.bit or require('bit')

local json = require('json')
local Serializer = require('colyseus.serializer.schema_serializer')
local msgpack = require('colyseus.messagepack.MessagePack')

local function bytes_of(hex)
  local bytes = {}
  for pair in hex:gmatch('%x%x') do
    bytes[#bytes + 1] = tonumber(pair, 16)
  end
  return bytes
end

local function string_of(hex)
  return (hex:gsub('%x%x', function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

local function connection(c)
  return { connectionId = c.connectionId, status = c.status, matchId = c.matchId, match = c.match }
end

local function user(u)
  local connections = {}
  u.connections:each(function(c, id)
    connections[id] = connection(c)
  end)
  return { userId = u.userId, username = u.username, general = u.general, connections = connections }
end

local function tree(state)
  local users = {}
  state.users:each(function(u, id)
    users[id] = user(u)
  end)
  return { me = state.me and user(state.me), users = users }
end

local serializer
local read = {
  -- Defold's reconnect() makes a new room, with a new decoder.
  join = function(hex)
    serializer = Serializer:new()
    serializer:handshake(bytes_of(hex), { offset = 1 })
    serializer.handshake_bytes = hex
  end,
  ['return'] = function()
    local hex = serializer.handshake_bytes
    serializer = Serializer:new()
    serializer:handshake(bytes_of(hex), { offset = 1 })
    serializer.handshake_bytes = hex
  end,
  state = function(hex)
    serializer:set_state(bytes_of(hex), { offset = 1 })
    return { tree = tree(serializer:get_state()) }
  end,
  patch = function(hex)
    serializer:patch(bytes_of(hex), { offset = 1 })
    return { tree = tree(serializer:get_state()) }
  end,
  message = function(hex)
    return { payload = msgpack.unpack(string_of(hex)) }
  end,
}

for line in io.lines(story) do
  local kind, hex = line:match('^{"line":"(%w+)"'), line:match('^{"line":"%w+","bytes":"(%x*)"')
  if read[kind] then
    local ok, result = pcall(read[kind], hex)
    if not ok then
      result = { error = tostring(result) }
    end
    if result then
      print(json.encode(result))
    end
  end
end

-- Plays the flows of engines/defold against a real server.
-- Usage: luajit live.lua URL SDK_DIR; prints one line for each flow that was right.
local url, sdk = arg[1], arg[2]
local here = arg[0]:match('^(.*)/[^/]*$') or '.'
package.path = table.concat({
  sdk .. '/?.lua', here .. '/?.lua', here .. '/../../engines/defold/?.lua', package.path,
}, ';')
_G.bit = _G.bit or require('bit')

local defold = require('defold')
local Colyseus = require('colyseus.client')
local join_018 = require('colyseus_018')
local presence = require('presence')

local function client_of(token)
  local client = join_018(Colyseus(url))
  client.http.auth_token = token
  return client
end

local function await(what, start)
  local finished, failure, result
  start(function(err, value)
    finished, failure, result = true, err, value
  end)
  defold.wait(function() return finished end, what)
  if failure then
    error(what .. ': ' .. tostring(failure.message))
  end
  return result
end

local function join(token, options)
  local client = client_of(token)
  return await('the join of ' .. token, function(done)
    presence.join(client, 'presence', options, done)
  end), client
end

local function flow(name, run)
  run()
  print('flow: ' .. name)
end

local function statuses(friends, user_id)
  local list = {}
  for _, connection in pairs(friends:user(user_id).connections) do
    list[#list + 1] = connection.status
  end
  return table.concat(list, ',')
end

local bob, ann, bob_client, ann_client
local function sees(status, general)
  defold.wait(function()
    return statuses(ann, 'bob') == status and ann:general('bob') == general
  end, 'ann to see "' .. status .. '"')
end

flow('joins with a status', function()
  bob, bob_client = join('bob', { status = 'here' })
  ann, ann_client = join('ann', { status = '' })
  defold.wait(function() return ann:general('ann') == 'online' end, 'the own presence')
end)
flow('follows, and sees who is online', function()
  await('the follow', function(done) ann:follow({ 'bob', 'zoe' }, done) end)
  sees('here', 'online')
  assert(ann:general('zoe') == 'unlogined')
end)
flow('hears a change', function()
  await('the status', function(done) bob:set_status('changed 🎮', done) end)
  sees('changed 🎮', 'online')
end)
flow('appears offline', function()
  await('the status', function(done) bob:set_status(nil, done) end)
  sees('', 'offline')
  bob:set_status('back')
  sees('back', 'online')
end)
flow('has the same in the state', function()
  defold.wait(function()
    local user = ann.room.state.users['bob']
    local found
    user.connections:each(function(connection) found = connection.status end)
    return found == 'back' and user.general == 'online'
  end, 'the state')
end)
flow('joins a friend', function()
  local match = await('the match', function(done) bob_client:create('match', {}, done) end)
  bob:set_status('{"matchId":"' .. match.room_id .. '"}')
  defold.wait(function() return statuses(ann, 'bob'):find(match.room_id, 1, true) end, 'the match id')
  local room = await('the seat', function(done) ann:join_friend('bob', done) end)
  assert(room.room_id == match.room_id)
end)
flow('waits out rate_limited', function()
  local done = 0
  for i = 1, 10 do
    ann:follow({ 'user-' .. i }, function(err)
      assert(not err, err and err.code)
      done = done + 1
    end)
  end
  defold.wait(function() return done == 10 end, 'ten follows')
end)
flow('comes back after a lost connection', function()
  local lost = ann.room
  websocket.disconnect(lost.connection.ws)
  bob:set_status('meanwhile')
  lost:emit('leave', { code = 1006 })
  defold.wait(function() return ann.room ~= lost end, 'the return')
  sees('meanwhile', 'online')
end)
flow('unfollows', function()
  await('the unfollow', function(done) ann:unfollow({ 'bob' }, done) end)
  bob:set_status('unheard')
  await('a call behind it', function(done) ann:set_status('last', done) end)
  assert(statuses(ann, 'bob') == '')
end)

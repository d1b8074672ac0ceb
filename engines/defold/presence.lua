-- A friends list over the Colyseus SDK for Defold. See README.md beside this file.
--
--   local presence = require 'presence'
--   presence.join(client, 'presence', { status = 'In the menu' }, function(err, friends)
--     friends.on_change = function(user_id) print(user_id, friends:general(user_id)) end
--     friends:follow({ 'bob' })
--   end)
local Presence = {}
Presence.__index = Presence

local RETRY_SECONDS = 1
-- Ended on purpose: left, kicked, or refused.
local FINAL_CODES = { [1000] = true, [4000] = true, [4002] = true }

-- callback(err, friends). `options`: status, sync ('both', 'deltas' or 'state') and what your onAuth needs.
function Presence.join(client, room_name, options, callback)
  local self = setmetatable({
    client = client,
    room_name = room_name,
    options = options,
    users = {}, -- user id -> { general, connections = { connection id -> presence } }
    followed = {}, -- user id -> true
    on_change = function() end,
    on_error = function(err) print('presence: ' .. tostring(err.message)) end,
  }, Presence)
  client:join_or_create(room_name, options, function(err, room)
    if err then return callback(err) end
    self:attach(room)
    callback(nil, self)
  end)
end

-- Registers the handlers. Call it in the callback of the join: what comes earlier is lost.
function Presence:attach(room)
  self.room = room
  self.waiting, self.last_cid = {}, 0
  room:on_message('presence:welcome', function(welcome)
    self.user_id, self.connection_id = welcome.userId, welcome.connectionId
    self:replace({ welcome.userId }, welcome.presences, {})
  end)
  room:on_message('presence:delta', function(delta)
    for _, presence in ipairs(delta.leaves) do
      self:user(presence.userId).connections[presence.connectionId] = nil
    end
    self:put(delta.joins, delta.users)
    self:tell(delta.leaves, delta.joins, delta.users or {})
  end)
  room:on_message('presence:snapshot', function(snapshot)
    if snapshot.complete then
      self.users = {}
    end
    for _, user_id in ipairs(snapshot.userIds) do
      self.followed[user_id] = user_id ~= self.user_id or nil
    end
    self:replace(snapshot.userIds, snapshot.presences, snapshot.users)
  end)
  room:on_message('presence:unfollowed', function(message)
    self:forget(message.userIds)
  end)
  room:on_message('presence:reply', function(reply)
    local call = self.waiting[reply.cid] or { done = self.on_error }
    self.waiting[reply.cid or 0] = nil
    if reply.ok then
      call.done(nil, reply)
    elseif call.type and reply.error.code == 'rate_limited' then
      timer.delay(reply.error.retryAfterMs / 1000, false, function()
        self:call(call.type, call.payload, call.done)
      end)
    else
      call.done(reply.error)
    end
  end)
  room:on('leave', function(event)
    if not FINAL_CODES[event and event.code or 4000] then
      self:come_back()
    end
  end)
end

-- done(err, reply); err = { code, message, retryAfterMs }.
function Presence:call(type, payload, done)
  self.last_cid = self.last_cid + 1
  local message = { cid = self.last_cid }
  for key, value in pairs(payload) do
    message[key] = value
  end
  self.waiting[self.last_cid] = { type = type, payload = payload, done = done or function(err)
    if err then self.on_error(err) end
  end }
  self.room:send(type, message)
end

-- A text; '' = online with nothing to say; nil = appear offline (a Lua table cannot hold nil: false is sent).
function Presence:set_status(status, done)
  self.options.status = status or false
  self:call('presence:status', { status = status or false }, done)
end

-- At most 100 ids in one call.
function Presence:follow(user_ids, done)
  self:call('presence:follow', { userIds = user_ids }, function(err, reply)
    if not err then
      for _, user_id in ipairs(user_ids) do
        self.followed[user_id] = user_id ~= self.user_id or nil
      end
      self:forget(reply.evicted or {})
      self:replace({}, reply.presences, reply.users)
    end
    if done then done(err) end
  end)
end

function Presence:unfollow(user_ids, done)
  self:call('presence:unfollow', { userIds = user_ids }, function(err)
    if not err then self:forget(user_ids) end
    if done then done(err) end
  end)
end

-- done(err, room): the match of a friend. It fails with no_match, match_full, match_locked, match_gone, match_denied.
function Presence:join_friend(user_id, done)
  self:call('presence:join', { userId = user_id }, function(err, seat)
    if err then return done(err) end
    self.client:consume_seat_reservation(seat, done)
  end)
end

-- 'online', 'offline', 'unlogined' or 'unknown'.
function Presence:general(user_id)
  local user = self:user(user_id)
  return next(user.connections) and 'online' or user.general
end

function Presence:user(user_id)
  self.users[user_id] = self.users[user_id] or { general = 'unlogined', connections = {} }
  return self.users[user_id]
end

function Presence:put(presences, users)
  for _, presence in ipairs(presences) do
    self:user(presence.userId).connections[presence.connectionId] = presence
  end
  for _, entry in ipairs(users or {}) do
    self:user(entry.userId).general = entry.general
  end
end

function Presence:replace(user_ids, presences, users)
  for _, user_id in ipairs(user_ids) do
    self.users[user_id] = nil
  end
  self:put(presences, users)
  self:tell(presences, users)
  for _, user_id in ipairs(user_ids) do
    self.on_change(user_id)
  end
end

function Presence:forget(user_ids)
  for _, user_id in ipairs(user_ids) do
    self.users[user_id], self.followed[user_id] = nil, nil
    self.on_change(user_id)
  end
end

function Presence:tell(...)
  local told = {}
  for _, list in ipairs({ ... }) do
    for _, entry in ipairs(list) do
      if not told[entry.userId] then
        told[entry.userId] = true
        self.on_change(entry.userId)
      end
    end
  end
end

-- The seat is kept for the grace; afterwards a new join follows again.
function Presence:come_back()
  self.client:reconnect(self.room.reconnection_token, function(err, room)
    if not err then
      return self:attach(room)
    end
    self.client:join_or_create(self.room_name, self.options, function(failure, joined)
      if failure then
        return timer.delay(RETRY_SECONDS, false, function() self:come_back() end)
      end
      local user_ids = {}
      for user_id in pairs(self.followed) do
        user_ids[#user_ids + 1] = user_id
      end
      self.users = {}
      self:attach(joined)
      self:follow(user_ids)
    end)
  end)
end

return Presence

-- 
-- THIS FILE HAS BEEN GENERATED AUTOMATICALLY
-- DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
-- 
-- GENERATED USING @colyseus/schema 5.0.34
-- 

local schema = require 'colyseus.serializer.schema.schema'
local PresenceUser = require 'PresenceUser'

---@class PresenceState: Schema
---@field me PresenceUser
---@field users MapSchema
local PresenceState = schema.define({
    ["me"] = PresenceUser,
    ["users"] = { map = PresenceUser },
    ["_fields_by_index"] = { "me", "users" },
})

return PresenceState

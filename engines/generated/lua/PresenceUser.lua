-- 
-- THIS FILE HAS BEEN GENERATED AUTOMATICALLY
-- DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
-- 
-- GENERATED USING @colyseus/schema 5.0.34
-- 

local schema = require 'colyseus.serializer.schema.schema'
local PresenceConnection = require 'PresenceConnection'

---@class PresenceUser: Schema
---@field userId string
---@field username string
---@field general string
---@field connections MapSchema
local PresenceUser = schema.define({
    ["userId"] = "string",
    ["username"] = "string",
    ["general"] = "string",
    ["connections"] = { map = PresenceConnection },
    ["_fields_by_index"] = { "userId", "username", "general", "connections" },
})

return PresenceUser

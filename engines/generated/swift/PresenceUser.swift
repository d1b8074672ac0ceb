// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 

import Colyseus

public final class PresenceUser: SchemaRef, @unchecked Sendable {
    public var userId: String { view.string("userId") ?? "" }
    public var username: String { view.string("username") ?? "" }
    public var general: String { view.string("general") ?? "" }
    public var connections: MapSchema<PresenceConnection> { mapOf("connections") }
}

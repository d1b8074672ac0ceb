// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 

import Colyseus

public final class PresenceConnection: SchemaRef, @unchecked Sendable {
    public var connectionId: String { view.string("connectionId") ?? "" }
    public var status: String { view.string("status") ?? "" }
    public var matchId: String { view.string("matchId") ?? "" }
    public var match: String { view.string("match") ?? "" }
}

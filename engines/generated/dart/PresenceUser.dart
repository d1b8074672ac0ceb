// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
// ignore_for_file: non_constant_identifier_names, constant_identifier_names

import 'package:colyseus/colyseus.dart';
import 'PresenceConnection.dart';

final class PresenceUser extends SchemaRef {
  PresenceUser(super.handle);

  String get userId => view.getString('userId') ?? '';
  String get username => view.getString('username') ?? '';
  String get general => view.getString('general') ?? '';
  MapSchema<PresenceConnection> get connections => mapOf('connections', PresenceConnection.new);
}

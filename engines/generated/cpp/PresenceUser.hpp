// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
#ifndef __SCHEMA_CODEGEN_PRESENCEUSER_H__
#define __SCHEMA_CODEGEN_PRESENCEUSER_H__ 1

#include "schema.h"
#include <typeinfo>
#include <typeindex>

using namespace colyseus::schema;
#include "PresenceConnection.hpp"


class PresenceUser : public Schema {
public:
	 string userId = "";
	 string username = "";
	 string general = "";
	 MapSchema<PresenceConnection*> *connections = new MapSchema<PresenceConnection*>();

	PresenceUser() {
		this->_indexes = {{0, "userId"}, {1, "username"}, {2, "general"}, {3, "connections"}};
		this->_types = {{0, "string"}, {1, "string"}, {2, "string"}, {3, "map"}};
		this->_childPrimitiveTypes = {};
		this->_childSchemaTypes = {{3, typeid(PresenceConnection)}};
	}

	virtual ~PresenceUser() {
		delete this->connections;
	}

protected:
	inline string getString(const string &field)
	{
		if (field == "userId")
		{
			return this->userId;

		} else if (field == "username")
		{
			return this->username;

		} else if (field == "general")
		{
			return this->general;

		}
		return Schema::getString(field);
	}

	inline void setString(const string &field, string value)
	{
		if (field == "userId")
		{
			this->userId = value;
			return;

		} else if (field == "username")
		{
			this->username = value;
			return;

		} else if (field == "general")
		{
			this->general = value;
			return;

		}
		return Schema::setString(field, value);
	}
	inline MapSchema<char*> * getMap(const string &field)
	{
		if (field == "connections")
		{
			return (MapSchema<char*> *)this->connections;

		}
		return Schema::getMap(field);
	}

	inline void setMap(const string &field, MapSchema<char*> * value)
	{
		if (field == "connections")
		{
			this->connections = (MapSchema<PresenceConnection*> *)value;
			return;

		}
		return Schema::setMap(field, value);
	}

	inline Schema* createInstance(std::type_index type) {
		if (type == typeid(PresenceConnection))
		{
			return new PresenceConnection();

		}
		return Schema::createInstance(type);
	}
};


#endif

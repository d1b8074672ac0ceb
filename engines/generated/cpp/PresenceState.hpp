// 
// THIS FILE HAS BEEN GENERATED AUTOMATICALLY
// DO NOT CHANGE IT MANUALLY UNLESS YOU KNOW WHAT YOU'RE DOING
// 
// GENERATED USING @colyseus/schema 5.0.34
// 
#ifndef __SCHEMA_CODEGEN_PRESENCESTATE_H__
#define __SCHEMA_CODEGEN_PRESENCESTATE_H__ 1

#include "schema.h"
#include <typeinfo>
#include <typeindex>

using namespace colyseus::schema;
#include "PresenceUser.hpp"


class PresenceState : public Schema {
public:
	 PresenceUser *me = new PresenceUser();
	 MapSchema<PresenceUser*> *users = new MapSchema<PresenceUser*>();

	PresenceState() {
		this->_indexes = {{0, "me"}, {1, "users"}};
		this->_types = {{0, "ref"}, {1, "map"}};
		this->_childPrimitiveTypes = {};
		this->_childSchemaTypes = {{0, typeid(PresenceUser)}, {1, typeid(PresenceUser)}};
	}

	virtual ~PresenceState() {
		delete this->me;
		delete this->users;
	}

protected:
	inline Schema* getRef(const string &field)
	{
		if (field == "me")
		{
			return this->me;

		}
		return Schema::getRef(field);
	}

	inline void setRef(const string &field, Schema* value)
	{
		if (field == "me")
		{
			this->me = (PresenceUser*)value;
			return;

		}
		return Schema::setRef(field, value);
	}
	inline MapSchema<char*> * getMap(const string &field)
	{
		if (field == "users")
		{
			return (MapSchema<char*> *)this->users;

		}
		return Schema::getMap(field);
	}

	inline void setMap(const string &field, MapSchema<char*> * value)
	{
		if (field == "users")
		{
			this->users = (MapSchema<PresenceUser*> *)value;
			return;

		}
		return Schema::setMap(field, value);
	}

	inline Schema* createInstance(std::type_index type) {
		if (type == typeid(PresenceUser))
		{
			return new PresenceUser();

		}
		return Schema::createInstance(type);
	}
};


#endif

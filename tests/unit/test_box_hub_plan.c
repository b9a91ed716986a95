#include "box/hub.h"

#include "util/cleanup.h"
#include "util/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct spec service(const char *name, size_t index, const char *ip)
{
	struct spec spec = {
		.service = (char *)(uintptr_t)name,
		.service_index = index,
		.network_mode = NET_PROJECT,
	};

	if (ip) {
		assert_int_equal(ipv4_parse(ip, &spec.network.address), 0);
		spec.network.address_at.file = "devbox.yaml";
		spec.network.subnet = (struct cidr){spec.network.address & cidr_mask(24), 24};
	}
	return spec;
}

static const char *address(const struct hub_plan *plan, const struct spec *top,
			   const struct spec *spec)
{
	static char text[IPV4_TEXT_MAX];
	struct hub_member member;

	hub_plan_member(plan, top, spec, &member);
	return member.name[0] ? ipv4_text(member.network.address, text) : "";
}

static void addresses_follow_the_file_and_not_the_start(void **state)
{
	struct spec services[] = {service("b", 1, NULL), service("a", 0, "10.9.8.200")};
	struct spec top = {
		.network_mode = NET_PROJECT, .services = services, .service_count = 2};
	struct hub_plan plan;
	struct hub_member member;
	struct err err = {0};

	(void)state;
	assert_int_equal(hub_plan(&top, "shop", NULL, &plan, &err), 0);
	assert_string_equal(address(&plan, &top, &top), "10.9.8.10");
	assert_string_equal(address(&plan, &top, &services[0]), "10.9.8.12");
	assert_string_equal(address(&plan, &top, &services[1]), "10.9.8.200");
	hub_plan_member(&plan, &top, &top, &member);
	assert_int_equal(member.network.gateway, 0x0a090802);
	assert_int_equal(member.network.dns, 0x0a090803);
	assert_int_equal(member.network.mtu, NET_MTU);
	assert_string_equal(member.name, "shop");
	services[0].network_mode = NET_NONE;
	assert_string_equal(address(&plan, &top, &services[0]), "");
	hub_plan_done(&plan);
}

static void one_that_is_taken_by_name_is_given_to_nobody_else(void **state)
{
	struct spec services[] = {service("a", 0, NULL), service("b", 1, "10.9.8.10"),
				  service("c", 2, "10.9.8.11")};
	struct spec top = {
		.network_mode = NET_PROJECT, .services = services, .service_count = 3};
	struct hub_plan plan;
	struct err err = {0};

	(void)state;
	assert_int_equal(hub_plan(&top, "shop", NULL, &plan, &err), 0);
	assert_string_equal(address(&plan, &top, &top), "10.9.8.12");
	assert_string_equal(address(&plan, &top, &services[0]), "10.9.8.13");
	hub_plan_done(&plan);
}

static void addresses_that_cannot_be_are_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"10.9.8.2", "ip: 10.9.8.2 is not for a box of the project's network "
			     "10.9.8.0/24"},
		{"10.9.8.255", "ip: 10.9.8.255 is not for a box of the project's network "
			       "10.9.8.0/24"},
		{"10.9.8.7", "ip: 10.9.8.7 is that of box 'a'"},
		{"10.9.9.7", "ip: 10.9.9.7 is not for a box of the project's network "
			     "10.9.8.0/24"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct spec services[] = {service("a", 0, "10.9.8.7"),
					  service("b", 1, wrong[i][0])};
		struct spec top = {
			.network_mode = NET_PROJECT, .services = services, .service_count = 2};
		struct hub_plan plan;
		struct err err = {0};

		assert_int_equal(hub_plan(&top, "shop", NULL, &plan, &err), -1);
		assert_string_equal(err.message, wrong[i][1]);
	}
}

static void the_network_is_what_the_profile_says(void **state)
{
	struct spec services[] = {service("a", 0, NULL), service("b", 1, NULL)};
	struct spec top = {
		.network_mode = NET_PROJECT,
		.network = {.subnet = {0x0a4d0080, 25},
			    .mtu = {.is_set = true, .value = 1500},
			    .reaches_host = true},
		.services = services,
		.service_count = 2,
	};
	struct hub_plan plan;
	struct err err = {0};

	(void)state;
	services[1].service_index = 126 - 11;
	services[0].service_index = 127 - 11;
	assert_int_equal(hub_plan(&top, "shop", NULL, &plan, &err), 0);
	assert_string_equal(address(&plan, &top, &top), "10.77.0.138");
	/* The last is for all: from the beginning again. */
	assert_string_equal(address(&plan, &top, &services[1]), "10.77.0.254");
	assert_string_equal(address(&plan, &top, &services[0]), "10.77.0.139");
	assert_true(plan.network.reaches_host);
	assert_int_equal(plan.network.mtu, 1500);
	hub_plan_done(&plan);

	top.network.subnet.bits = 0;
	assert_int_equal(hub_plan(&top, "shop", "10.99.1.0/24", &plan, &err), 0);
	assert_string_equal(address(&plan, &top, &top), "10.99.1.10");
	hub_plan_done(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_follow_the_file_and_not_the_start),
		cmocka_unit_test(one_that_is_taken_by_name_is_given_to_nobody_else),
		cmocka_unit_test(addresses_that_cannot_be_are_refused),
		cmocka_unit_test(the_network_is_what_the_profile_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

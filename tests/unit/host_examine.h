#ifndef TEST_HOST_EXAMINE_H
#define TEST_HOST_EXAMINE_H

#include "host/examine.h"
#include "util/proc.h"

#include "host_folder.h"

#include <unistd.h>

/* A machine made of one folder, which the checks of the doctor look at. */

struct machine {
	char *folder;
	char *etc;
	char *dev;
	char *proc_sys;
	struct host_user user;
	struct host_report report;
	struct examine x;
};

static inline char *machine_find_nothing(const char *name)
{
	(void)name;
	return NULL;
}

static inline void machine_init(struct machine *m)
{
	static char name[] = "dev";

	*m = (struct machine){.folder = folder_make()};
	m->etc = path_join(m->folder, "etc");
	m->dev = path_join(m->folder, "dev");
	m->proc_sys = path_join(m->folder, "sys");
	m->user = (struct host_user){.uid = getuid(), .gid = getgid(), .name = name};
	m->x = (struct examine){
		.report = &m->report,
		.user = &m->user,
		.etc = m->etc,
		.dev = m->dev,
		.proc_sys = m->proc_sys,
		.run = m->folder,
		.var_lib = m->folder,
		.probe_parent = m->folder,
		.find_program = machine_find_nothing,
		.has_userns = true,
	};
}

static inline void machine_done(struct machine *m)
{
	host_report_done(&m->report);
	folder_remove(&m->folder);
	free(m->etc);
	free(m->dev);
	free(m->proc_sys);
}
#define AUTO_MACHINE __attribute__((cleanup(machine_done)))

/** machine_expect() - run @check; its only or last line must be this. NULL texts are not looked
 * at, "" means none. */
static inline void machine_expect(struct machine *m, void (*check)(struct examine *),
				  enum host_verdict verdict, const char *found,
				  const char *mend)
{
	const struct host_check *line;

	check(&m->x);
	assert_true(m->report.count > 0);
	line = &m->report.checks[m->report.count - 1];
	if (line->verdict != verdict || !strstr(line->found, found))
		fail_msg("%s: %d %s", line->id, line->verdict, line->found);
	if (mend && !*mend)
		assert_null(line->mend);
	else if (mend && (!line->mend || !strstr(line->mend, mend)))
		fail_msg("%s: mend: %s", line->id, line->mend ? line->mend : "none");
	/* What is not all right says what it costs, or that it could not be judged, or is a
	 * plain fact. */
	if (line->verdict == HOST_FAIL)
		assert_non_null(line->lost);
}

#endif

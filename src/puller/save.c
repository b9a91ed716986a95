#include "puller/puller.h"

int puller_save(struct puller *puller, struct err *err)
{
	(void)puller;
	return err_set(err, "not yet");
}

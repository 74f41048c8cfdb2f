// SPDX-License-Identifier: GPL-2.0-only
/* Gives a fuzz target every file of some directories, once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LARGEST (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	static uint8_t bytes[LARGEST];
	FILE *f = fopen(path, "rb");
	uint8_t *exact;
	size_t size;

	if (!f)
		return 0;
	size = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	/* As the fuzzer does it: the memory ends where the input does. */
	exact = malloc(size ? size : 1);
	if (!exact)
		return 0;
	__builtin_memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

static int run_directory(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[1024];
	int n = 0;

	if (!d) {
		perror(dir);
		exit(1);
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n += run_file(path);
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	int i, n = 0;

	for (i = 1; i < argc; i++)
		n += run_directory(argv[i]);
	printf("%s: %d inputs\n", argv[0], n);
	return !n;
}

/* The default seccomp profile, embedded as the JSON text that a user could have written. */
	.section .rodata
	.balign 16
	.globl sec_default_profile_start
	.globl sec_default_profile_end
	.hidden sec_default_profile_start
	.hidden sec_default_profile_end
sec_default_profile_start:
	.incbin "profiles/seccomp/default.json"
sec_default_profile_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits

/* devbox-init, embedded: the pid 1 of every box, handed over as a memfd. */
	.section .rodata
	.balign 16
	.globl devbox_init_start
	.globl devbox_init_end
	.hidden devbox_init_start
	.hidden devbox_init_end
devbox_init_start:
	.incbin "devbox-init"
devbox_init_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits

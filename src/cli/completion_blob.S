/* The completions of the shells, embedded as they are installed, each ended by a NUL. */
	.section .rodata
	.globl cli_completion_bash
	.globl cli_completion_zsh
	.globl cli_completion_fish
	.hidden cli_completion_bash
	.hidden cli_completion_zsh
	.hidden cli_completion_fish
cli_completion_bash:
	.incbin "completions/devbox.bash"
	.byte 0
cli_completion_zsh:
	.incbin "completions/_devbox"
	.byte 0
cli_completion_fish:
	.incbin "completions/devbox.fish"
	.byte 0
	.section .note.GNU-stack, "", %progbits

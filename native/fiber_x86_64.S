// Job: makecontext for compiled code, which passes on any number of arguments.
        .intel_syntax noprefix
        .text

// void makecontext(ucontext_t *context, void (*function)(), int count, ...): tells tierlinkFiberMade of the context,
// then is libc's own.
        .globl  tierlinkMakeContext
        .hidden tierlinkMakeContext
        .type   tierlinkMakeContext, @function
        .p2align 4
tierlinkMakeContext:
        .cfi_startproc
        endbr64
        push    rax                     // al: the number of vector registers of a variadic call
        .cfi_adjust_cfa_offset 8
        push    rdi
        .cfi_adjust_cfa_offset 8
        push    rsi
        .cfi_adjust_cfa_offset 8
        push    rdx
        .cfi_adjust_cfa_offset 8
        push    rcx
        .cfi_adjust_cfa_offset 8
        push    r8
        .cfi_adjust_cfa_offset 8
        push    r9
        .cfi_adjust_cfa_offset 8
        call    tierlinkFiberMade
        pop     r9
        .cfi_adjust_cfa_offset -8
        pop     r8
        .cfi_adjust_cfa_offset -8
        pop     rcx
        .cfi_adjust_cfa_offset -8
        pop     rdx
        .cfi_adjust_cfa_offset -8
        pop     rsi
        .cfi_adjust_cfa_offset -8
        pop     rdi
        .cfi_adjust_cfa_offset -8
        pop     rax
        .cfi_adjust_cfa_offset -8
        jmp     makecontext@PLT
        .cfi_endproc
        .size   tierlinkMakeContext, . - tierlinkMakeContext

        .section .note.GNU-stack, "", @progbits

// Job: the step from a call of a function that isn't compiled yet to the function, with every register that
// can carry an argument as the caller left it.
        .intel_syntax noprefix
        .text

// Lazy entries (stubs/lazy-entries.ts) come here. r11 is the address of the slot; on the stack lie the engine,
// an address behind the entry's own call, and the caller's return address. Jumps to the function with only the
// last of them left.
        .globl  tierlinkLazyEntry
        .hidden tierlinkLazyEntry
        .type   tierlinkLazyEntry, @function
        .p2align 4
tierlinkLazyEntry:
        .cfi_startproc
        .cfi_def_cfa_offset 24          // for the unwinder, this is the frame of the function that was called
        endbr64
        push    rbp
        .cfi_def_cfa_offset 32
        .cfi_offset rbp, -32
        mov     rbp, rsp
        .cfi_def_cfa_register rbp
        push    rax                     // al: the number of vector registers of a variadic call
        push    rdi
        push    rsi
        push    rdx
        push    rcx
        push    r8
        push    r9
        push    r10                     // static chain
        mov     ecx, [rip + tierlinkVectorBytes]
        sub     rsp, rcx
        and     rsp, -64
        mov     eax, [rip + tierlinkVectorMask]
        xor     edx, edx
        test    eax, eax
        jz      1f
        mov     [rsp + 512], rdx        // XSAVE leaves most of its header as it is, XRSTOR wants zeros there
        mov     [rsp + 520], rdx
        mov     [rsp + 528], rdx
        mov     [rsp + 536], rdx
        mov     [rsp + 544], rdx
        mov     [rsp + 552], rdx
        mov     [rsp + 560], rdx
        mov     [rsp + 568], rdx
        xsave   [rsp]
        jmp     2f
1:      fxsave  [rsp]
2:      mov     rdi, [rbp + 8]          // engine
        mov     rsi, r11                // slot
        mov     rdx, [rbp + 16]         // behind the entry's call
        call    tierlinkLazyCall
        mov     r11, rax
        mov     eax, [rip + tierlinkVectorMask]
        xor     edx, edx
        test    eax, eax
        jz      3f
        xrstor  [rsp]
        jmp     4f
3:      fxrstor [rsp]
4:      mov     rax, [rbp - 8]
        mov     rdi, [rbp - 16]
        mov     rsi, [rbp - 24]
        mov     rdx, [rbp - 32]
        mov     rcx, [rbp - 40]
        mov     r8, [rbp - 48]
        mov     r9, [rbp - 56]
        mov     r10, [rbp - 64]
        mov     rsp, rbp
        pop     rbp
        .cfi_restore rbp
        .cfi_def_cfa rsp, 24
        lea     rsp, [rsp + 16]
        .cfi_def_cfa_offset 8
        jmp     r11
        .cfi_endproc
        .size   tierlinkLazyEntry, . - tierlinkLazyEntry

        .section .note.GNU-stack, "", @progbits

using TorchSharp.Native;

namespace TorchSharp;

// Element types of tensors: conversion, promotion, and questions about them.
public static partial class torch
{
    static readonly Op canCastOp = new("aten::can_cast");
    static readonly Op promoteTypesOp = new("aten::promote_types");
    static readonly Op resultTypeTensorOp = new("aten::result_type", "Tensor");

    public static Tensor BoolTensor(Tensor t) => t.to(ScalarType.Bool);

    public static Tensor ByteTensor(Tensor t) => t.to(ScalarType.Byte);

    public static Tensor DoubleTensor(Tensor t) => t.to(ScalarType.Float64);

    public static Tensor FloatTensor(Tensor t) => t.to(ScalarType.Float32);

    public static Tensor IntTensor(Tensor t) => t.to(ScalarType.Int32);

    public static Tensor LongTensor(Tensor t) => t.to(ScalarType.Int64);

    public static Tensor ShortTensor(Tensor t) => t.to(ScalarType.Int16);

    public static bool can_cast(ScalarType from, ScalarType to) => canCastOp.CallInt(from, to) != 0;

    public static bool is_complex(Tensor input) => input.is_complex();

    public static bool is_conj(Tensor input) => input.is_conj();

    public static bool is_floating_point(Tensor input) => input.is_floating_point();

    public static bool is_integral(Tensor t) => is_integral(t.dtype);

    public static Tensor is_neg(Tensor input) => input.is_neg();

    public static bool is_nonzero(Tensor input) => input.is_nonzero();

    public static ScalarType promote_types(ScalarType type1, ScalarType type2) => (ScalarType)promoteTypesOp.CallInt(type1, type2);

    public static ScalarType result_type(Tensor tensor1, Tensor tensor2) => (ScalarType)resultTypeTensorOp.CallInt(tensor1, tensor2);
}

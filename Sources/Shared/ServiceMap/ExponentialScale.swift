/// The buckets of a histogram whose bounds are the powers of 2^(1/64): scale 6 of OpenTelemetry's exponential histogram (its
/// data model, section "ExponentialHistogram"), to be sent as it stands.
///
/// Bucket `i` holds what is above 2^(i/64) and not above 2^((i+1)/64), so that its middle is no more than 0.55 % from
/// anything in it. Integers only: no machine's logarithm decides.
enum ExponentialScale {
    /// OpenTelemetry's number of it.
    static var scale: Int { 6 }
    private static var perDoubling: Int { 64 }

    /// The bucket of a value above zero: -1 holds 1, and 4,031 those next to 2^63.
    @inline(__always)
    static func bucket(of value: UInt64) -> Int {
        let zeros = value.leadingZeroBitCount
        let mantissa = value &<< UInt64(zeros)
        var above = Int(truncatingIfNeeded: starts[Int(truncatingIfNeeded: mantissa &>> 57) & 63])
        while above < perDoubling, bounds[above] < mantissa { above &+= 1 }
        return (63 &- zeros) &* perDoubling &+ above &- 1
    }

    /// The middle of a bucket, rounded down; of a bucket that holds one integer, this.
    static func middle(of bucket: Int) -> UInt64 {
        let lower = bound(bucket)
        let upper = bound(bucket + 1)
        return lower + (upper - lower + 1) / 2
    }

    /// 2^(number/64), rounded down; below 2^0 it is 0, from 2^64 on the greatest integer.
    static func bound(_ number: Int) -> UInt64 {
        guard number >= 0 else { return 0 }
        let exponent = number / perDoubling
        guard exponent < 64 else { return .max }
        return bounds[number % perDoubling] >> UInt64(63 - exponent)
    }

    /// 2^63 times 2^(k/64), rounded down: none but the first is an integer, so that what is above one is above the other.
    private static let bounds: [UInt64] = [
        0x8000_0000_0000_0000, 0x8164_D1F3_BC03_0773, 0x82CD_8698_AC2B_A1D7, 0x843A_28C3_ACDE_4046,
        0x85AA_C367_CC48_7B14, 0x871F_6196_9E8D_1010, 0x8898_0E80_92DA_8527, 0x8A14_D575_496E_FD9A,
        0x8B95_C1E3_EA8B_D6E6, 0x8D1A_DF5B_7E5B_A9E5, 0x8EA4_398B_45CD_53C0, 0x9031_DC43_1466_B1DC,
        0x91C3_D373_AB11_C336, 0x935A_2B2F_13E6_E92B, 0x94F4_EFA8_FEF7_0961, 0x9694_2D37_2018_5A00,
        0x9837_F051_8DB8_A96F, 0x99E0_4593_20B7_FA64, 0x9B8D_39B9_D54E_5538, 0x9D3E_D9A7_2CFF_B750,
        0x9EF5_3260_91A1_11AD, 0xA0B0_510F_B971_4FC2, 0xA270_4303_0C49_6818, 0xA435_15AE_09E6_809E,
        0xA5FE_D6A9_B151_38EA, 0xA7CD_93B4_E965_3569, 0xA9A1_5AB4_EA7C_0EF8, 0xAB7A_39B5_A93E_D337,
        0xAD58_3EEA_42A1_4AC6, 0xAF3B_78AD_690A_4374, 0xB123_F581_D2AC_258F, 0xB311_C412_A911_2489,
        0xB504_F333_F9DE_6484, 0xB6FD_91E3_28D1_7791, 0xB8FB_AF47_62FB_9EE9, 0xBAFF_5AB2_133E_45FB,
        0xBD08_A39F_580C_36BE, 0xBF17_99B6_7A73_1082, 0xC12C_4CCA_6670_9456, 0xC346_CCDA_2497_6407,
        0xC567_2A11_5506_DADD, 0xC78D_74C8_ABB9_B15C, 0xC9B9_BD86_6E2F_27A2, 0xCBEC_14FE_F272_7C5C,
        0xCE24_8C15_1F84_80E3, 0xD063_33DA_EF2B_2594, 0xD2A8_1D91_F12A_E45A, 0xD4F3_5AAB_CFED_FA1F,
        0xD744_FCCA_D69D_6AF4, 0xD99D_15C2_78AF_D7B5, 0xDBFB_B797_DAF2_3755, 0xDE60_F482_5E0E_9123,
        0xE0CC_DEEC_2A94_E111, 0xE33F_8972_BE8A_5A51, 0xE5B9_06E7_7C83_48A8, 0xE839_6A50_3C4B_DC68,
        0xEAC0_C6E7_DD24_392E, 0xED4F_301E_D994_2B84, 0xEFE4_B99B_DCDA_F5CB, 0xF281_773C_59FF_B139,
        0xF525_7D15_2486_CC2C, 0xF7D0_DF73_0AD1_3BB8, 0xFA83_B2DB_722A_033A, 0xFD3E_0C0C_F486_C174,
    ]

    /// How many bounds are below all mantissas that begin with a one and these six bits.
    private static let starts: [UInt8] = [
        0, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 16, 18, 19, 20,
        21, 22, 23, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
        38, 39, 40, 41, 42, 43, 44, 44, 45, 46, 47, 48, 49, 50, 51, 51,
        52, 53, 54, 55, 55, 56, 57, 58, 59, 59, 60, 61, 62, 62, 63, 64,
    ]
}
